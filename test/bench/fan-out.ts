// fan-out: one event to many readers; beside a bare HTTP server that writes one prepared buffer to each, and beside
// nchan.
import { setTimeout as delay } from 'node:timers/promises'
import { encodeFrame } from '../../apps/control/events/frame.ts'
import type { Bench } from './bench.ts'
import type { Helper } from './helper.ts'
import { atMost, atMostTimes, type Measurement, type Row } from './measurement.ts'
import { startNchan } from './nchan.ts'
import { COLLECTABLE, collectedBytes, cpuMs } from './process-usage.ts'
import type { FanOutPeer } from './programs/fan-out-peer.ts'
import type { Readers } from './programs/readers.ts'
import { median, monotonicMs, percentile } from './statistics.ts'
import { awaitStreams, bringPlaylist, startWorld } from './world.ts'

/** Longer than any event here needs, and what is left to do after one belongs to it. */
const AFTER_MS = 300
const WARM_UP_READERS = 200
/** The size of a stream.live. */
const DATA = JSON.stringify({ padding: 'x'.repeat(560) })
const FRAME = encodeFrame({ id: 1_000, event: 'stream.live', data: DATA })

/** A server with its readers, in processes of their own. */
interface Subject {
  readonly pid: number
  readonly port: number
  readonly readers: Helper<Readers>
  /** Makes one event. */
  readonly tell: () => unknown
  bytesBefore: number
}

interface Sample {
  readonly lastMs: number
  readonly p99Ms: number
  readonly cpuUs: number
}

export const fanOut: Measurement = {
  name: 'fan-out',
  about: 'one event to 1,000, 5,000 and 10,000 readers',
  async run(bench) {
    const nchan = await startNchanPeer(bench)
    const subjects = [await startControl(bench), await startPeer(bench), ...(nchan === null ? [] : [nchan])]
    const rows: Row[] = []
    for (const count of bench.scale.readers) {
      for (const subject of subjects) await subject.readers.call('connect', { port: subject.port, count })
      const [own = [], peer = [], other] = await inTurns(subjects, bench.scale.fanOutRounds, count)
      const [ownBytes, peerBytes] = await Promise.all(
        subjects.slice(0, 2).map((one) => bytesPerReader(one, count)),
      )
      rows.push(
        ...toRows(count, own, peer, ownBytes ?? 0, peerBytes ?? 0, count === bench.scale.readers.at(-1)),
        ...(other === undefined ? [] : toNchanRows(count, own, other)),
      )
    }
    return rows
  },
}

function toRows(
  count: number,
  own: readonly Sample[],
  peer: readonly Sample[],
  ownBytes: number,
  peerBytes: number,
  barred: boolean,
): Row[] {
  const row = (what: string, unit: string, figure: (samples: readonly Sample[]) => number): Row => ({
    ...{ what: `${what}, ${count} readers`, figure: figure(own), unit },
    beside: { what: 'one prepared buffer', figure: figure(peer) },
  })
  const cpu = row('CPU per reader', 'µs', (samples) => median(samples.map(({ cpuUs }) => cpuUs)))
  const memory = {
    ...{ what: `memory per reader, ${count} readers`, figure: ownBytes / 1e3, unit: 'kB' },
    beside: { what: 'one prepared buffer', figure: peerBytes / 1e3 },
  }
  return [
    row('last reader', 'ms', (samples) => median(samples.map(({ lastMs }) => lastMs))),
    row('p99', 'ms', (samples) => median(samples.map(({ p99Ms }) => p99Ms))),
    { ...cpu, ...(barred ? { bars: [atMostTimes(1.15)] } : {}) },
    { ...memory, ...(barred ? { bars: [atMost(15)] } : {}) },
  ]
}

function toNchanRows(count: number, own: readonly Sample[], nchan: readonly Sample[]): Row[] {
  const row = (what: string, unit: string, figure: (sample: Sample) => number): Row => ({
    ...{ what: `${what}, ${count} readers`, figure: median(own.map(figure)), unit },
    beside: { what: 'nchan', figure: median(nchan.map(figure)) },
  })
  return [row('last reader', 'ms', ({ lastMs }) => lastMs), row('CPU per reader', 'µs', ({ cpuUs }) => cpuUs)]
}

async function inTurns(subjects: readonly Subject[], rounds: number, count: number): Promise<Sample[][]> {
  const samples: Sample[][] = subjects.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, subject] of subjects.entries()) samples[index]?.push(await sampleOf(subject, count))
  }
  return samples
}

async function sampleOf({ pid, readers, tell }: Subject, count: number): Promise<Sample> {
  await readers.call('expect')
  const cpuBefore = cpuMs(pid)
  const start = monotonicMs()
  await tell()
  const arrivals = await readers.call('arrivals')
  if (arrivals.length !== count) throw new Error(`${count - arrivals.length} readers were not told`)
  await delay(AFTER_MS)
  return {
    lastMs: percentile(arrivals, 1) - start,
    p99Ms: percentile(arrivals, 0.99) - start,
    cpuUs: ((cpuMs(pid) - cpuBefore) * 1_000) / count,
  }
}

async function bytesPerReader({ pid, bytesBefore }: Subject, count: number): Promise<number> {
  return ((await collectedBytes(pid)) - bytesBefore) / count
}

/** Warmed up by readers that are gone again: what stays of them is not the readers' memory. */
async function withReaders(bench: Bench, pid: number, port: number, tell: () => unknown): Promise<Subject> {
  {
    await using warmUp = bench.part()
    await warmUp.helper<Readers>('readers').call('connect', { port, count: WARM_UP_READERS })
  }
  const readers = bench.helper<Readers>('readers')
  return { pid, port, readers, tell, bytesBefore: await collectedBytes(pid) }
}

async function startControl(bench: Bench): Promise<Subject> {
  const world = await startWorld(bench, { nodeFlags: COLLECTABLE })
  const events = bench.scale.readers.length * bench.scale.fanOutRounds
  const awaited = (await awaitStreams(world, events)).values()
  return withReaders(bench, world.control.pid, world.control.apiPort, () => {
    const { value } = awaited.next()
    if (value !== undefined) bringPlaylist(value)
  })
}

async function startPeer(bench: Bench): Promise<Subject> {
  const peer = bench.helper<FanOutPeer>('fan-out-peer', COLLECTABLE)
  const port = await peer.call('start')
  return withReaders(bench, peer.pid, port, () => peer.call('tell', FRAME))
}

async function startNchanPeer(bench: Bench): Promise<Subject | null> {
  const nchan = await startNchan(bench, Math.max(...bench.scale.readers))
  if (nchan === null) return null
  const { pid, port, publish } = nchan
  const readers = bench.helper<Readers>('readers')
  return { pid, port, readers, tell: () => publish('stream.live', DATA), bytesBefore: 0 }
}
