// Control on a database, with an nginx that says what the bench wants it to, beside any number of other
// live streams: in the database, in nginx's /stat, and, if asked for, being written to the folder.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestDatabase } from '../support/database.ts'
import type { Bench } from './bench.ts'
import type { ControlOptions, ControlProcess } from './control-process.ts'
import type { Helper } from './helper.ts'
import type { LoadProgram } from './programs/load.ts'
import { playlistText } from './programs/playlist-text.ts'
import type { StatServer } from './programs/stat-server.ts'
import { insertStreams, publishing, waitingStreams } from './seeded-streams.ts'
import { monotonicMs } from './statistics.ts'

export interface WorldOptions {
  /** Other live streams. */
  readonly others?: number
  readonly nodeFlags?: readonly string[]
  readonly settings?: Readonly<Record<string, string>>
}

/** A stream whose first playlist is still to come, and where. */
export interface Awaited {
  readonly id: string
  readonly folder: string
}

export interface World {
  readonly control: ControlProcess
  readonly database: TestDatabase
  readonly nginx: Helper<StatServer>
  readonly hlsDir: string
  readonly others: readonly string[]
  /** To start control again on the same database. */
  readonly controlOptions: ControlOptions
}

export async function startWorld(bench: Bench, options: WorldOptions = {}): Promise<World> {
  const [database, folder] = [await bench.database(), await bench.folder()]
  const nginx = bench.helper<StatServer>('stat-server')
  const port = await nginx.call('start')
  const others = await seedLive(database, nginx, options.others ?? 0)
  const hlsDir = join(folder, 'hls')
  mkdirSync(hlsDir)
  const controlOptions: ControlOptions = {
    ...{ folder, hlsDir },
    databaseUrl: database.url.reveal(),
    nginxUrl: `http://127.0.0.1:${port}`,
    settings: options.settings ?? {},
    nodeFlags: options.nodeFlags ?? [],
  }
  const control = await bench.control(controlOptions)
  return { control, database, nginx, hlsDir, others, controlOptions }
}

/** Live streams in the database and at nginx. @returns their ids */
export async function seedLive(
  database: TestDatabase,
  nginx: Helper<StatServer>,
  count: number,
): Promise<string[]> {
  const streams = waitingStreams(count).map(({ stream }, index) => publishing(stream, 'live', index + 1))
  await insertStreams(database, streams)
  await nginx.call(
    'add',
    streams.map(({ id, session }) => ({ id, clientId: session?.clientId ?? 0 })),
  )
  return streams.map(({ id }) => id)
}

/** Has the other streams' files written from now on. */
export async function startLoad(bench: Bench, { hlsDir, others }: World): Promise<Helper<LoadProgram>> {
  const load = bench.helper<LoadProgram>('load')
  await load.call(
    'live',
    others.map((id) => join(hlsDir, id)),
  )
  return load
}

let clientId = 100_000

/** Streams whose publisher control has let in. */
export async function awaitStreams({ control, nginx, hlsDir }: World, count: number): Promise<Awaited[]> {
  const publishers: { id: string; clientId: number }[] = []
  for (let index = 0; index < count; index++) {
    const { id, streamKey } = await control.create()
    clientId += 1
    await control.publish(streamKey.value, clientId)
    publishers.push({ id, clientId })
  }
  await nginx.call('add', publishers)
  return publishers.map(({ id }) => ({ id, folder: join(hlsDir, id) }))
}

/** What nginx does when a stream's first segment closes. @returns when, on the shared clock */
export function bringPlaylist({ folder }: Awaited): number {
  const playlist = join(folder, 'index.m3u8')
  writeFileSync(`${playlist}.bak`, playlistText(0))
  const renamedAt = monotonicMs()
  renameSync(`${playlist}.bak`, playlist)
  return renamedAt
}
