// reconnect: all readers come back with a cursor at the moment control is up again after a restart; beside a bare
// HTTP server that only answers with headers. Hooks come in meanwhile.
import { setTimeout as delay } from 'node:timers/promises'
import { appendMany } from '../control/support/events.ts'
import { freePorts } from '../support/ports.ts'
import type { Bench } from './bench.ts'
import type { Helper } from './helper.ts'
import { atMost, type Measurement, type Row } from './measurement.ts'
import { cpuMs } from './process-usage.ts'
import type { FanOutPeer } from './programs/fan-out-peer.ts'
import type { HookSender } from './programs/hook-sender.ts'
import type { ReturningReader, ReturningReaders } from './programs/returning-readers.ts'
import { insertStreams, waitingStreams } from './seeded-streams.ts'
import { median, monotonicMs, percentile } from './statistics.ts'
import { startWorld, type World } from './world.ts'

/** The size of a stream.live. */
const EVENT_BYTES = 520
/** Publishers that come in one after the other while readers come back. */
const HOOKS = 2_000
const HOOKS_AT_ONCE = 2
/** About a hundred a second, so that hooks are not what is measured. */
const HOOKS_EVERY_MS = 20

interface Sample {
  /** From the open port to the last reader that has all it missed. */
  readonly lastMs: number
  /** From the start of the process. */
  readonly sinceStartMs: number
  readonly cpuUs: number
  readonly statements: number
  readonly hookP99Ms: number
  readonly sentAway: number
}

/** What the readers follow and what they have missed. */
interface Case {
  readonly what: string
  readonly readers: (world: World, count: number) => Promise<ReturningReader[]>
}

const CASES: readonly Case[] = [
  { what: 'following all streams', readers: allStreams },
  { what: 'watching one of many streams', readers: oneStreamEach },
]

export const reconnect: Measurement = {
  name: 'reconnect',
  about: '10,000 readers come back with a cursor right after control’s start',
  async run(bench) {
    const bare = await bareServer(bench)
    const rows: Row[] = []
    for (const one of CASES) rows.push(...toRows(bench, one, await samplesOf(bench, one), bare))
    return rows
  },
}

/** Readers of all streams, up to date when control stopped; other nodes have committed events since. */
async function allStreams({ database }: World, count: number): Promise<ReturningReader[]> {
  const lastEventId = await headOf(database)
  const awaitedId = lastEventId + 5
  await appendMany(database, 5, { bytes: EVENT_BYTES })
  return Array.from({ length: count }, () => ({ path: '/v1/events', lastEventId, awaitedId }))
}

/** Viewers of many streams, whose last event was long ago: nothing has happened to their stream since. */
async function oneStreamEach({ database, others }: World, count: number): Promise<ReturningReader[]> {
  const first = await headOf(database)
  for (const streamId of others) await appendMany(database, 1, { streamId, bytes: EVENT_BYTES })
  await appendMany(database, 9_999, { bytes: EVENT_BYTES })
  return Array.from({ length: count }, (_, index) => {
    const at = index % others.length
    return {
      path: `/v1/events?stream=${others[at]}&viewer=1`,
      lastEventId: first + at + 1,
      awaitedId: null,
    }
  })
}

async function samplesOf(parent: Bench, one: Case): Promise<Sample[]> {
  const { readers, streams, rounds } = parent.scale.reconnect
  await using bench = parent.part()
  const world = await startWorld(bench, { others: streams })
  await world.control[Symbol.asyncDispose]()
  const clients = bench.helper<ReturningReaders>('returning-readers')
  const hooks = bench.helper<HookSender>('hook-sender')
  const samples: Sample[] = []
  for (let round = 0; round < rounds; round++) {
    const requests = await one.readers(world, readers)
    samples.push(await sampleOf(bench, world, clients, hooks, requests))
    await clients.call('leave')
  }
  return samples
}

async function sampleOf(
  parent: Bench,
  { database, hlsDir, controlOptions }: World,
  clients: Helper<ReturningReaders>,
  hooks: Helper<HookSender>,
  requests: readonly ReturningReader[],
): Promise<Sample> {
  await using bench = parent.part()
  const streams = waitingStreams(HOOKS)
  await insertStreams(
    database,
    streams.map(({ stream }) => stream),
  )
  const keys = streams.map(({ key }) => key)
  const [api = 0, hooksPort = 0] = await freePorts(2)
  const settings = { API_PORT: String(api), HOOKS_PORT: String(hooksPort) }
  const startedAt = monotonicMs()
  const control = await bench.spawnControl({ ...controlOptions, hlsDir, settings })
  const openAt = await clients.call('portOpen', api)
  const [cpuBefore, statementsBefore] = [cpuMs(control.pid), await statementsOf(database)]
  let isOver = false
  const hookTimes = hookLoop(hooks, hooksPort, keys, () => isOver)
  // It is awaited below, after the storm.
  hookTimes.catch(() => {})
  const { backAt, sentAway } = await clients.call('storm', { port: api, requests }).finally(() => {
    isOver = true
  })
  const [cpu, statements] = [
    cpuMs(control.pid) - cpuBefore,
    (await statementsOf(database)) - statementsBefore,
  ]
  const hookMs = await hookTimes
  const lastAt = Math.max(...backAt)
  return {
    lastMs: lastAt - openAt,
    sinceStartMs: lastAt - startedAt,
    cpuUs: (cpu * 1_000) / requests.length,
    statements,
    hookP99Ms: percentile(hookMs, 0.99),
    sentAway,
  }
}

/** Admits publishers until the storm is over. @returns how long each hook waited */
async function hookLoop(
  hooks: Helper<HookSender>,
  port: number,
  keys: readonly string[],
  isOver: () => boolean,
): Promise<number[]> {
  const times: number[] = []
  for (let at = 0; at < keys.length && !isOver(); at += HOOKS_AT_ONCE) {
    const names = keys.slice(at, at + HOOKS_AT_ONCE)
    const sent = hooks.call('send', {
      ...{ port, hook: 'on_publish', status: 302, names },
      ...{ atOnce: HOOKS_AT_ONCE, firstClientId: 10_000 + at },
    })
    // A publisher that is refused for no reason waits for ever.
    const { eachMs } = await sent.catch(() => ({ eachMs: [Number.POSITIVE_INFINITY] }))
    times.push(...eachMs)
    await delay(HOOKS_EVERY_MS)
  }
  return times
}

async function bareServer(parent: Bench): Promise<Pick<Sample, 'lastMs' | 'cpuUs'>> {
  await using bench = parent.part()
  const peer = bench.helper<FanOutPeer>('fan-out-peer')
  const port = await peer.call('start')
  const samples: { lastMs: number; cpuUs: number }[] = []
  for (let round = 0; round < bench.scale.reconnect.rounds; round++) {
    const clients = bench.helper<ReturningReaders>('returning-readers')
    const reader = { path: '/', lastEventId: 1, awaitedId: null }
    const requests = Array.from({ length: bench.scale.reconnect.readers }, () => reader)
    const openAt = await clients.call('portOpen', port)
    const cpuBefore = cpuMs(peer.pid)
    const { backAt } = await clients.call('storm', { port, requests })
    const cpuUs = ((cpuMs(peer.pid) - cpuBefore) * 1_000) / requests.length
    samples.push({ lastMs: Math.max(...backAt) - openAt, cpuUs })
    await clients.call('leave')
  }
  return {
    lastMs: median(samples.map(({ lastMs }) => lastMs)),
    cpuUs: median(samples.map(({ cpuUs }) => cpuUs)),
  }
}

function toRows(
  bench: Bench,
  { what }: Case,
  samples: readonly Sample[],
  bare: Pick<Sample, 'lastMs' | 'cpuUs'>,
): Row[] {
  const { readers } = bench.scale.reconnect
  const of = (figure: (sample: Sample) => number) => median(samples.map(figure))
  const beside = (figure: number) => ({ what: 'only headers', figure })
  const name = (part: string) => `${readers} readers ${what}: ${part}`
  return [
    {
      ...{
        what: name('last one back after the port is open'),
        figure: of(({ lastMs }) => lastMs),
        unit: 'ms',
      },
      ...{ beside: beside(bare.lastMs), bars: [atMost(3_000)] },
    },
    { what: name('after the process started'), figure: of(({ sinceStartMs }) => sinceStartMs), unit: 'ms' },
    {
      ...{ what: name('CPU per reader, hooks included'), figure: of(({ cpuUs }) => cpuUs), unit: 'µs' },
      beside: beside(bare.cpuUs),
    },
    {
      ...{ what: name('statements, hooks included'), figure: of(({ statements }) => statements) },
      unit: 'statements',
    },
    {
      ...{ what: name('sent away before they had everything'), figure: of(({ sentAway }) => sentAway) },
      ...{ unit: 'times', bars: [atMost(0)] },
    },
    {
      ...{ what: name('p99 of a hook meanwhile'), figure: of(({ hookP99Ms }) => hookP99Ms), unit: 'ms' },
      bars: [atMost(100)],
    },
  ]
}

async function headOf(database: World['database']): Promise<number> {
  const [row] = await database.query('SELECT head FROM event_sequence')
  return Number(row?.head)
}

/** How many statements the server has executed so far. */
async function statementsOf(database: World['database']): Promise<number> {
  const [row] = await database.query("SHOW GLOBAL STATUS LIKE 'Questions'")
  return Number(row?.Value)
}
