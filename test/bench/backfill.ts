// backfill: the whole log replayed to one reader and to many at once; beside the same pages read with
// mysql2 by hand and written to bare sockets.
import { setTimeout as delay } from 'node:timers/promises'
import { appendMany } from '../control/support/events.ts'
import type { TestDatabase } from '../support/database.ts'
import type { Measurement, Row } from './measurement.ts'
import type { BackfillPeer } from './programs/backfill-peer.ts'
import type { ReplayReaders } from './programs/replay-readers.ts'
import { median } from './statistics.ts'
import { startWorld } from './world.ts'

/** About that of a stream.live. */
const EVENT_BYTES = 520
const AT_A_TIME = 10_000
/** Control's feed looks for events that others have written, and passes them on. */
const NOTICED_MS = 4_000

export const backfill: Measurement = {
  name: 'backfill',
  about: 'the log replayed to one reader and to a hundred at once',
  async run(bench) {
    const { events, readers } = bench.scale.backfill
    const world = await startWorld(bench)
    await seed(world.database, events)
    const peer = bench.helper<BackfillPeer>('backfill-peer')
    const peerPort = await peer.call('start', world.database.url.reveal())
    const clients = bench.helper<ReplayReaders>('replay-readers')
    await delay(NOTICED_MS)
    const rows: Row[] = []
    for (const { count, each, rounds } of readers) {
      const samples: { own: number[]; peer: number[] } = { own: [], peer: [] }
      const replayed = async (port: number) => {
        const ms = await clients.call('replay', { port, count, from: events - each, lastId: events })
        return (1_000 * each * count) / ms
      }
      for (let round = 0; round < rounds; round++) {
        samples.own.push(await replayed(world.control.apiPort))
        samples.peer.push(await replayed(peerPort))
      }
      rows.push({
        ...{ what: `${each} events to ${count} at once`, figure: median(samples.own), unit: 'events/s' },
        beside: { what: 'mysql2 by hand', figure: median(samples.peer) },
      })
    }
    return rows
  },
}

async function seed(database: TestDatabase, events: number): Promise<void> {
  for (let left = events; left > 0; left -= AT_A_TIME) {
    await appendMany(database, Math.min(left, AT_A_TIME), { bytes: EVENT_BYTES })
  }
}
