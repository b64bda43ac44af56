// live-event: from the rename of a stream's first playlist to the frame at a connected reader, through all
// of control; beside polling once a second, and beside fs.watch with one transaction and one write.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { EventReader } from './event-reader.ts'
import { atMost, atMostTimes, type Measurement, type Row } from './measurement.ts'
import { shareOfCore } from './process-usage.ts'
import type { LivePeer } from './programs/live-peer.ts'
import { insertStreams, publishing, waitingStreams } from './seeded-streams.ts'
import { median, percentile } from './statistics.ts'
import { type Awaited, awaitStreams, bringPlaylist, startLoad, startWorld, type World } from './world.ts'

/** A stream's first segment takes seconds; this is enough for a watch to stand. */
const BEFORE_PLAYLIST_MS = 400
/** Between two playlists: longer than one takes, so that each is alone. */
const GAP_MS = { least: 20, most: 60 }
/** Who has not heard by then never will. */
const MISSED_MS = 5_000

/** Samples in milliseconds; a playlist that was never announced is one of infinite length. */
type Samples = Record<'control' | 'watch' | 'poll', number[]>

export const liveEvent: Measurement = {
  name: 'live-event',
  about: 'rename of the first playlist to the frame at a connected reader',
  async run(bench) {
    const byOthers = new Map<number, Samples>()
    for (let pass = 0; pass < bench.scale.passes; pass++) {
      for (const others of bench.scale.others) {
        const samples = byOthers.get(others) ?? { control: [], watch: [], poll: [] }
        byOthers.set(others, samples)
        await measure(bench, others, samples)
      }
    }
    return toRows(byOthers)
  },
}

function toRows(byOthers: ReadonlyMap<number, Samples>): Row[] {
  const counts = [...byOthers.keys()]
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)]
  const medianAt = (others: number) => median(byOthers.get(others)?.control ?? [])
  const rows = [...byOthers].flatMap(([others, { control, watch, poll }]): Row[] => {
    const barred = others === most
    const unit = 'ms'
    return [
      {
        ...{ what: `median, ${others} others`, figure: median(control), unit },
        beside: { what: 'fs.watch + mysql2', figure: median(watch) },
        ...(barred ? { bars: [atMostTimes(2), atMost(10)] } : {}),
      },
      {
        ...{ what: `p99, ${others} others`, figure: percentile(control, 0.99), unit },
        beside: { what: 'fs.watch + mysql2', figure: percentile(watch, 0.99) },
        ...(barred ? { bars: [atMostTimes(2), atMost(30)] } : {}),
      },
      {
        ...{ what: `median, ${others} others`, figure: median(control), unit },
        beside: { what: 'polling once a second', figure: median(poll) },
      },
    ]
  })
  const growth = {
    ...{ what: `median, ${most} others against ${fewest}`, figure: medianAt(most), unit: 'ms' },
    beside: { what: `with ${fewest}`, figure: medianAt(fewest) },
    bars: [atMostTimes(1.5)],
  }
  return [...rows, growth]
}

async function measure(parent: Bench, others: number, samples: Samples): Promise<void> {
  await using bench = parent.part()
  const { rounds, streams } = bench.scale.liveEvent
  const world = await startWorld(bench, { others })
  const load = await startLoad(bench, world)
  const peer = await startPeer(bench)
  using reader = await EventReader.open(world.control.apiPort)
  const loadShare = await shareOfCore(load.pid, async () => {
    for (let round = 0; round < rounds; round++) {
      const awaited = await awaitStreams(world, streams)
      samples.control.push(...(await samplesOf(awaited, reader, (folders) => load.call('awaited', folders))))
      await finish(world, awaited)
      for (const by of ['watch', 'poll'] as const) {
        const ids = await peer.await(by, streams)
        samples[by].push(...(await samplesOf(ids, peer.reader, (folders) => load.call('awaited', folders))))
      }
    }
  })
  bench.note(`${others} others: writing them took ${loadShare.toFixed(0)} % of a core`)
}

/** Ends them, so that they are not among the others of the next round. */
export async function finish({ control, nginx }: World, awaited: readonly Awaited[]): Promise<void> {
  await nginx.call(
    'remove',
    awaited.map(({ id }) => id),
  )
  for (const { id } of awaited) await control.end(id)
  await delay(BEFORE_PLAYLIST_MS)
}

/** Brings each its playlist, one after the other. @returns how long it took to be told of each */
export async function samplesOf(
  awaited: readonly Awaited[],
  reader: EventReader,
  write: (folders: readonly string[]) => Promise<unknown>,
): Promise<number[]> {
  await write(awaited.map(({ folder }) => folder))
  await delay(BEFORE_PLAYLIST_MS)
  const renamedAt = new Map<string, number>()
  for (const stream of awaited) {
    renamedAt.set(stream.id, bringPlaylist(stream))
    await delay(GAP_MS.least + Math.random() * (GAP_MS.most - GAP_MS.least))
  }
  const patience = performance.now() + MISSED_MS
  while (performance.now() < patience && awaited.some(({ id }) => !reader.arrivals.has(id))) await delay(20)
  await write([])
  return awaited.map(
    ({ id }) => (reader.arrivals.get(id) ?? Number.POSITIVE_INFINITY) - (renamedAt.get(id) ?? 0),
  )
}

async function startPeer(bench: Bench) {
  const [database, root] = [await bench.database(), await bench.folder()]
  const program = bench.helper<LivePeer>('live-peer')
  const reader = await EventReader.open(await program.call('start', database.url.reveal()))
  bench.use({ [Symbol.asyncDispose]: async () => reader[Symbol.dispose]() })
  return {
    reader,
    async await(by: 'watch' | 'poll', count: number): Promise<Awaited[]> {
      const rows = waitingStreams(count).map(({ stream }) => publishing(stream, 'connecting', 1))
      await insertStreams(database, rows)
      const streams = rows.map(({ id }) => ({ id, folder: join(root, id) }))
      for (const { folder } of streams) mkdirSync(folder)
      await program.call('await', { streams, by })
      return streams
    },
  }
}
