// watch-cost: what control takes of a core while other streams are live and being written, and whether it
// still sees every first playlist; beside a process that looks at each playlist once a second.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { EventReader } from './event-reader.ts'
import { finish, samplesOf } from './live-event.ts'
import { atMost, type Measurement, type Row } from './measurement.ts'
import { shareOfCore } from './process-usage.ts'
import type { LookingPeer } from './programs/looking-peer.ts'
import { awaitStreams, startLoad, startWorld } from './world.ts'

/** The start of control and of the load is not what being live costs. */
const SETTLE_MS = 3_000

export const watchCost: Measurement = {
  name: 'watch-cost',
  about: 'CPU of control while other streams are live and being written',
  async run(bench) {
    const rows: Row[] = []
    for (const others of bench.scale.others) rows.push(...(await measure(bench, others)))
    return rows
  },
}

async function measure(parent: Bench, others: number): Promise<Row[]> {
  await using bench = parent.part()
  const { watchSeconds, liveEvent } = bench.scale
  const world = await startWorld(bench, { others })
  const load = await startLoad(bench, world)
  const peer = bench.helper<LookingPeer>('looking-peer')
  const playlists = world.others.map((id) => join(world.hlsDir, id, 'index.m3u8'))
  await peer.call('look', playlists)
  await delay(SETTLE_MS)
  const window = () => delay(watchSeconds * 1_000)
  const [share, peerShare, loadShare] = await Promise.all([
    shareOfCore(world.control.pid, window),
    shareOfCore(peer.pid, window),
    shareOfCore(load.pid, window),
  ])
  using reader = await EventReader.open(world.control.apiPort)
  const awaited = await awaitStreams(world, liveEvent.streams)
  const samples = await samplesOf(awaited, reader, (folders) => load.call('awaited', folders))
  await finish(world, awaited)
  bench.note(`${others} live: writing them took ${loadShare.toFixed(0)} % of a core`)
  const most = others === bench.scale.others.at(-1)
  return [
    {
      ...{ what: `${others} live`, figure: share, unit: '% of a core' },
      beside: { what: 'looking at each once a second', figure: peerShare },
      ...(most ? { bars: [atMost(3)] } : {}),
    },
    {
      ...{ what: `${others} live: missed of ${samples.length}`, unit: 'playlists' },
      figure: samples.filter((sample) => !Number.isFinite(sample)).length,
      ...(most ? { bars: [atMost(0)] } : {}),
    },
  ]
}
