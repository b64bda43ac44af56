// publish-gate: who may publish, asked as nginx-rtmp asks; beside a bare Fastify route where control needs
// no database, and beside mysql2 by hand where it does. And how long a hook waits during a fan-out.
import { newStreamKey } from '../../apps/control/domain/keys.ts'
import type { TestDatabase } from '../support/database.ts'
import type { Bench } from './bench.ts'
import type { Helper } from './helper.ts'
import { hookDuringFanOut } from './hook-during-fan-out.ts'
import { atLeastTimes, type Bar, type Measurement, type Row } from './measurement.ts'
import { cpuMs } from './process-usage.ts'
import type { GatePeer } from './programs/gate-peer.ts'
import type { Answered, HookSender, Hooks } from './programs/hook-sender.ts'
import { publishToStart } from './publish-to-start.ts'
import { insertStreams, waitingStreams } from './seeded-streams.ts'
import { median, percentile } from './statistics.ts'
import { startWorld } from './world.ts'

interface Case {
  readonly what: string
  readonly status: number
  readonly beside: string
  readonly bars: readonly Bar[]
  readonly names: (count: number, database: TestDatabase) => Promise<string[]>
}

const LEAVING_AT_ONCE = 10
const nobody = () => ({ names: [], firstClientId: 1 })

const CASES = {
  'refused by checksum': {
    status: 403,
    beside: 'bare Fastify',
    bars: [atLeastTimes(0.8)],
    names: async (count) => Array.from({ length: count }, (_, index) => `a-key-that-is-none-${index}`),
  },
  'refused as unknown': {
    status: 403,
    beside: 'mysql2 by hand',
    bars: [],
    names: async (count) => Array.from({ length: count }, () => newStreamKey().reveal()),
  },
  accepted: {
    status: 302,
    beside: 'mysql2 by hand',
    bars: [atLeastTimes(0.5)],
    names: async (count, database) => {
      const streams = waitingStreams(count)
      await insertStreams(
        database,
        streams.map(({ stream }) => stream),
      )
      return streams.map(({ key }) => key)
    },
  },
} as const satisfies Record<string, Omit<Case, 'what'>>

/** Control or its peer. */
interface Subject {
  readonly pid: number
  readonly port: number
  readonly database: TestDatabase
  /** The keys of those who have been let in, from this client's number on. */
  inside: { names: readonly string[]; firstClientId: number }
}

interface Sample extends Answered {
  readonly hooks: number
  readonly cpuMs: number
}

export const publishGate: Measurement = {
  name: 'publish-gate',
  about: 'on_publish let in and refused, a hook during a fan-out, and RTMP publish to Start through nginx',
  async run(bench) {
    return [...(await hooks(bench)), ...(await hookDuringFanOut(bench)), ...(await publishToStart(bench))]
  },
}

async function hooks(parent: Bench): Promise<Row[]> {
  await using bench = parent.part()
  const { atOnce, rounds, refusals, admissions } = bench.scale.gate
  const world = await startWorld(bench)
  const own: Subject = {
    pid: world.control.pid,
    port: world.control.hooksPort,
    database: world.database,
    inside: nobody(),
  }
  const peer = await startPeer(bench)
  const sender = bench.helper<HookSender>('hook-sender')
  const rows: Row[] = []
  for (const [what, rest] of Object.entries(CASES)) {
    const one: Case = { what, ...rest }
    for (const lanes of atOnce) {
      const samples: [Sample[], Sample[]] = [[], []]
      const count = one.status === 302 ? admissions : refusals
      for (let round = 0; round < rounds; round++) {
        samples[0].push(await sampleOf(own, sender, one, count, lanes))
        await leave(own, sender)
        samples[1].push(await sampleOf(peer, sender, one, count, lanes))
      }
      rows.push(...toRows(one, lanes, ...samples))
    }
  }
  return rows
}

async function startPeer(bench: Bench): Promise<Subject> {
  const database = await bench.database()
  const peer = bench.helper<GatePeer>('gate-peer')
  return { pid: peer.pid, port: await peer.call('start', database.url.reveal()), database, inside: nobody() }
}

async function sampleOf(
  subject: Subject,
  sender: Helper<HookSender>,
  { status, names }: Case,
  count: number,
  atOnce: number,
): Promise<Sample> {
  const { pid, port, database, inside } = subject
  const hooks: Hooks = {
    ...{ port, status, atOnce, hook: 'on_publish' },
    firstClientId: inside.firstClientId + inside.names.length,
    names: await names(count, database),
  }
  const cpuBefore = cpuMs(pid)
  const answered = await sender.call('send', hooks)
  const spentMs = cpuMs(pid) - cpuBefore
  subject.inside = { ...hooks, names: status === 302 ? hooks.names : [] }
  return { ...answered, hooks: count, cpuMs: spentMs }
}

/** Publishers that nginx's /stat does not have would soon give the reconciler work. */
async function leave({ port, inside }: Subject, sender: Helper<HookSender>): Promise<void> {
  await sender.call('send', {
    ...inside,
    port,
    hook: 'on_publish_done',
    status: 204,
    atOnce: LEAVING_AT_ONCE,
  })
}

function toRows({ what, beside, bars }: Case, atOnce: number, own: Sample[], peer: Sample[]): Row[] {
  const row = (kind: string, unit: string, figure: (sample: Sample) => number): Row => ({
    ...{ what: `${what}, ${atOnce} at once: ${kind}`, figure: median(own.map(figure)), unit },
    beside: { what: beside, figure: median(peer.map(figure)) },
  })
  return [
    { ...row('hooks', '/s', ({ hooks, totalMs }) => (1_000 * hooks) / totalMs), bars },
    row('p99', 'ms', ({ eachMs }) => percentile(eachMs, 0.99)),
    row('CPU a hook', 'µs', ({ hooks, cpuMs: spent }) => (1_000 * spent) / hooks),
  ]
}
