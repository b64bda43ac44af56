// The attacks: what one address does to OnAir, each with as many connections or requests as it is given.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Figures, Orders } from './attacker.ts'

/** Where everybody else is not. */
const ATTACKER = '127.0.0.66'
/** More would not fit into one process's file descriptors. */
const CONNECTIONS_A_PROCESS = 10_000
const EVERYTHING = [
  ...['/', '/studio', '/watch/abc', '/v1/streams', '/v1/streams/abc', '/v1/recordings', '/v1/events'],
  ...['/v1/events?lastEventId=0', '/docs', '/openapi.json', '/healthz', '/readyz', '/hls/abc/index.m3u8'],
  ...[
    '/dash/abc/index.mpd',
    '/recordings/abc/index.m3u8',
    '/favicon.svg',
    '/nothing',
    '/stat',
    '/control/drop',
  ],
]

export interface Target {
  readonly httpPort: number
  readonly httpsPort: number
  readonly rtmpPort: number
  readonly rtmpsPort: number
  /** A file of more than a megabyte that the public port serves. */
  readonly bigPath: string
}

export interface Attack {
  readonly name: string
  readonly tls: boolean
  /** How many of the connections or requests that were asked for. */
  readonly share: number
  readonly orders: (target: Target) => Partial<Orders> & { readonly port: number }
}

const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: attacked\r\n`
/** The first bytes of a TLS record whose rest never comes. */
const HALF_HELLO = '\x16\x03\x01\x02\x00\x01'

export const ATTACKS: readonly Attack[] = [
  {
    name: 'readers of /v1/events',
    ...{ tls: false, share: 1 },
    orders: ({ httpPort }) => ({ port: httpPort, first: `${request('/v1/events')}\r\n` }),
  },
  {
    name: 'requests to everything',
    ...{ tls: false, share: 1 },
    orders: ({ httpPort }) => ({ kind: 'ask', port: httpPort, paths: EVERYTHING }),
  },
  {
    name: 'headers sent slowly',
    ...{ tls: false, share: 0.25 },
    orders: ({ httpPort }) => ({ port: httpPort, first: request('/'), drip: 'X-Slow: 1\r\n', dripMs: 2_000 }),
  },
  {
    name: 'bodies sent slowly',
    ...{ tls: false, share: 0.25 },
    orders: ({ httpPort }) => ({
      port: httpPort,
      first: 'POST /v1/streams HTTP/1.1\r\nHost: attacked\r\nContent-Length: 10000\r\n\r\n{',
      ...{ drip: ' ', dripMs: 2_000 },
    }),
  },
  {
    name: 'answers not read',
    ...{ tls: false, share: 0.25 },
    orders: ({ httpPort, bigPath }) => ({ port: httpPort, first: `${request(bigPath)}\r\n`, reads: false }),
  },
  {
    name: 'RTMP connections that say nothing',
    ...{ tls: false, share: 0.25 },
    orders: ({ rtmpPort }) => ({ port: rtmpPort }),
  },
  {
    name: 'TLS handshakes that do not go on, at HTTPS_PORT',
    ...{ tls: true, share: 0.25 },
    orders: ({ httpsPort }) => ({ port: httpsPort, first: HALF_HELLO }),
  },
  {
    name: 'TLS handshakes that do not go on, at RTMPS_PORT',
    ...{ tls: true, share: 0.25 },
    orders: ({ rtmpsPort }) => ({ port: rtmpsPort, first: HALF_HELLO }),
  },
]

/** An attack that runs until it is disposed of. */
export class RunningAttack implements AsyncDisposable {
  readonly #processes: ChildProcess[]
  readonly #figures = new Map<ChildProcess, Figures>()

  constructor(attack: Attack, target: Target, count: number) {
    const given = attack.orders(target)
    const orders: Orders = {
      ...{ kind: 'hold', host: '127.0.0.1', from: ATTACKER, count: 0, first: '', drip: '', dripMs: 0 },
      ...{ reads: true, paths: [] },
      ...given,
    }
    const processes = orders.kind === 'ask' ? 1 : Math.ceil(count / CONNECTIONS_A_PROCESS)
    this.#processes = Array.from({ length: processes }, () => {
      const attacker = fork(join(import.meta.dirname, 'attacker.ts'))
      attacker.on('message', (figures) => this.#figures.set(attacker, figures as Figures))
      attacker.send({ ...orders, count: Math.ceil(count / processes) })
      return attacker
    })
  }

  /** What all its processes have got so far. */
  get figures(): Figures {
    const all = [...this.#figures.values()]
    const sum = (of: (figures: Figures) => number) => all.reduce((total, one) => total + of(one), 0)
    const statuses: Record<string, number> = {}
    for (const one of all) {
      for (const [status, times] of Object.entries(one.statuses))
        statuses[status] = (statuses[status] ?? 0) + times
    }
    return {
      ...{ open: sum((it) => it.open), mostOpen: sum((it) => it.mostOpen), opened: sum((it) => it.opened) },
      ...{ statuses, done: all.length === this.#processes.length && all.every((it) => it.done) },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#processes.map(async (attacker) => {
        if (attacker.exitCode !== null || attacker.signalCode !== null) return
        const exit = once(attacker, 'exit')
        attacker.kill('SIGKILL')
        await exit
      }),
    )
  }
}
