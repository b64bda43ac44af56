// The process of an attacker: opens connections from one address and keeps them open as long as the server lets it,
// each doing as little as the attack asks for; or sends requests as fast as they are answered. Says every second
// what it has got.
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What an attacker does; `connections` for those that hold some, `requests` for the one that asks. */
export interface Orders {
  readonly kind: 'hold' | 'ask'
  readonly host: string
  readonly port: number
  /** The attacker's own address. */
  readonly from: string
  readonly count: number
  /** Sent once by each connection. */
  readonly first: string
  /** Sent by each connection again and again, with this pause; empty: nothing. */
  readonly drip: string
  readonly dripMs: number
  /** Whether what comes is read. */
  readonly reads: boolean
  /** For `ask`: asked for in turn. */
  readonly paths: readonly string[]
}

export interface Figures {
  readonly open: number
  readonly mostOpen: number
  readonly opened: number
  readonly done: boolean
  /** How many answers began with which status; `none` for connections that ended without one. */
  readonly statuses: Readonly<Record<string, number>>
}

const BATCH = 100
const BATCH_PAUSE_MS = 20
/** A connection that was ended is replaced after this. */
const AGAIN_MS = 1_000
const REQUESTS_AT_ONCE = 200

const statuses: Record<string, number> = {}
const held = new Set<Socket>()
let [mostOpen, opened, done] = [0, 0, false]

function count(status: string): void {
  statuses[status] = (statuses[status] ?? 0) + 1
}

function hold(orders: Orders): void {
  const { host, port, from, first, drip, dripMs, reads } = orders
  const socket = connect({ host, port, localAddress: from })
  let status = 'none'
  socket.on('connect', () => {
    opened += 1
    held.add(socket)
    mostOpen = Math.max(mostOpen, held.size)
    if (first !== '') socket.write(first)
    if (!reads) socket.pause()
  })
  if (reads) {
    socket.on('data', (bytes: Buffer) => {
      if (status !== 'none') return
      status = /^HTTP\/1\.1 (\d+)/.exec(bytes.toString('latin1'))?.[1] ?? 'other'
      count(status)
    })
  }
  const dripping = drip === '' ? undefined : setInterval(() => socket.write(drip), dripMs)
  socket.on('error', () => undefined)
  socket.on('close', () => {
    clearInterval(dripping)
    held.delete(socket)
    if (status === 'none') count(status)
    setTimeout(() => hold(orders), AGAIN_MS)
  })
}

async function holdAll(orders: Orders): Promise<void> {
  for (let started = 0; started < orders.count; started++) {
    hold(orders)
    if (started % BATCH === 0) await delay(BATCH_PAUSE_MS)
  }
}

async function askAll({ host, port, from, count: total, paths }: Orders): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: REQUESTS_AT_ONCE })
  let next = 0
  const one = async () => {
    while (next < total) {
      const path = paths[next++ % paths.length] ?? '/'
      await new Promise<void>((resolve) => {
        const request = get({ host, port, path, localAddress: from, agent, timeout: 10_000 }, (answer) => {
          count(String(answer.statusCode))
          answer.resume().on('close', resolve)
          if (path.startsWith('/v1/events')) answer.destroy()
        })
        request.on('timeout', () => request.destroy())
        request.on('error', () => {
          count('none')
          resolve()
        })
      })
    }
  }
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, one))
  done = true
}

function tell(): void {
  process.send?.({ open: held.size, mostOpen, opened, done, statuses } satisfies Figures)
}

process.on('message', (orders: Orders) => {
  setInterval(tell, 1_000)
  void (orders.kind === 'hold' ? holdAll(orders) : askAll(orders).then(tell))
})
process.on('disconnect', () => process.exit())
