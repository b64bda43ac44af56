// What must be true whatever went wrong, checked against what streamers and viewers have written down.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestDatabase } from '../support/database.ts'
import { namesIn } from '../support/segments.ts'
import type { TestStack } from '../support/stack.ts'
import type { Viewer } from '../support/viewer.ts'
import type { Streamer } from './streamer.ts'

/** An event as the log has it. */
interface Logged {
  readonly id: number
  readonly streamId: string
  readonly type: string
  readonly wasLive: boolean
  readonly data: { readonly stream: { readonly status: string }; readonly resumed?: boolean }
}

interface Row {
  readonly id: string
  readonly status: string
  readonly node_id: string | null
  readonly session_client_id: number | null
  readonly recording_status: string | null
}

export interface Subjects {
  readonly database: TestDatabase
  readonly stacks: readonly TestStack[]
  readonly streamers: readonly Streamer[]
  readonly viewers: readonly Viewer[]
}

/** Which event may follow which; the contract's table. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  '': ['stream.created'],
  'stream.created': ['stream.connecting', 'stream.ended'],
  'stream.connecting': ['stream.live', 'stream.reconnecting', 'stream.ended'],
  'stream.live': ['stream.reconnecting', 'stream.ended'],
  'stream.reconnecting': ['stream.live', 'stream.ended'],
  'stream.ended': ['recording.ready'],
  'recording.ready': [],
}
const STATUS_AFTER: Readonly<Record<string, string>> = {
  'stream.created': 'waiting',
  'stream.connecting': 'connecting',
  'stream.live': 'live',
  'stream.reconnecting': 'reconnecting',
  'stream.ended': 'ended',
  'recording.ready': 'ended',
}

/** What is not true now, in words; empty when all is well. What needs a moment to settle is in it too. */
export async function brokenPromises(subjects: Subjects): Promise<string[]> {
  const events = await readLog(subjects.database)
  const rows = (await subjects.database.query(
    'SELECT id, status, node_id, session_client_id, recording_status FROM streams',
  )) as unknown as Row[]
  return [
    ...checkLog(events),
    ...checkRows(rows, events),
    ...subjects.viewers.flatMap((viewer) => checkViewer(viewer, events)),
    ...checkStreamers(subjects.streamers, rows),
    ...(await checkNginx(subjects.stacks, rows)),
    ...(await checkPlaylists(subjects.stacks, rows)),
    ...(await checkRecordings(subjects.stacks, rows)),
  ]
}

async function readLog(database: TestDatabase): Promise<Logged[]> {
  const rows = await database.query('SELECT id, stream_id, type, was_live, data FROM events ORDER BY id')
  return rows.map((row) => ({
    id: Number(row.id),
    streamId: String(row.stream_id),
    type: String(row.type),
    wasLive: Number(row.was_live) === 1,
    data: JSON.parse(String(row.data)),
  }))
}

function checkLog(events: readonly Logged[]): string[] {
  const broken: string[] = []
  events.forEach((event, index) => {
    if (event.id !== index + 1) broken.push(`the log has ${event.id} where ${index + 1} belongs`)
  })
  for (const [id, own] of Map.groupBy(events, (event) => event.streamId)) {
    let before = ''
    for (const event of own) {
      if (!FOLLOWS[before]?.includes(event.type))
        broken.push(`${id}: ${event.type} was announced after ${before}`)
      if (event.data.stream.status !== STATUS_AFTER[event.type])
        broken.push(`${id}: ${event.type} carries another status`)
      const wasLive = own.some((other) => other.type === 'stream.live' && other.id < event.id)
      if (event.type === 'stream.live' && event.data.resumed !== wasLive)
        broken.push(`${id}: resumed is wrong`)
      before = event.type
    }
  }
  return broken
}

function checkRows(rows: readonly Row[], events: readonly Logged[]): string[] {
  const last = new Map(events.map((event) => [event.streamId, event]))
  return rows
    .filter((row) => STATUS_AFTER[last.get(row.id)?.type ?? ''] !== row.status)
    .map((row) => `${row.id} is ${row.status}, but the last that was announced is ${last.get(row.id)?.type}`)
}

function checkViewer(viewer: Viewer, events: readonly Logged[]): string[] {
  const due = events.filter((event) => event.wasLive).map((event) => event.id)
  const told = viewer.told.map((event) => event.id)
  const broken = viewer.resets > 0 ? [`${viewer.name} was reset`] : []
  const wrong = due.findIndex((id, index) => told[index] !== id)
  if (wrong >= 0) broken.push(`${viewer.name} was told ${told[wrong]} where ${due[wrong]} was due`)
  if (told.length > due.length) broken.push(`${viewer.name} was told more than there is`)
  return broken
}

function checkStreamers(streamers: readonly Streamer[], rows: readonly Row[]): string[] {
  const statusOf = new Map(rows.map((row) => [row.id, row.status]))
  return streamers.flatMap((streamer) => {
    const ended = streamer.broadcasts.filter(
      (broadcast) => broadcast.ended && statusOf.get(broadcast.id) !== 'ended',
    )
    const broken = ended.map((broadcast) => `${broadcast.id} was ended and is ${statusOf.get(broadcast.id)}`)
    const status = statusOf.get(streamer.current?.id ?? '')
    // The first segment takes 3 s.
    const onAir = streamer.publishingSince !== null && performance.now() - streamer.publishingSince > 8_000
    if (onAir && status !== 'live') broken.push(`${streamer.name} publishes and the stream is ${status}`)
    const away = streamer.publishingSince === null && performance.now() > streamer.ghostUntil
    if (away && status === 'live') broken.push(`${streamer.name} is away and the stream is live`)
    return broken
  })
}

/** nginx has just the publishers that the database has let in, in both applications. */
async function checkNginx(stacks: readonly TestStack[], rows: readonly Row[]): Promise<string[]> {
  const broken: string[] = []
  for (const stack of stacks) {
    const xml = await (await fetch(`${stack.internalUrl}/stat`)).text()
    const seen = new Set([...xml.matchAll(/<stream>\s*<name>([^<]*)<\/name>/g)].map(([, name]) => name))
    const due = rows
      .filter((row) => row.session_client_id !== null && row.node_id === stack.nodeId)
      .map((row) => row.id)
    for (const id of due)
      if (!seen.has(id)) broken.push(`${stack.nodeId}: the session of ${id} is not in nginx`)
    for (const id of seen)
      if (!due.includes(id ?? '')) broken.push(`${stack.nodeId}: nginx has ${id} without a session`)
  }
  return broken
}

async function checkPlaylists(stacks: readonly TestStack[], rows: readonly Row[]): Promise<string[]> {
  const broken: string[] = []
  for (const row of rows) {
    const stack = stacks.find(({ nodeId }) => nodeId === row.node_id)
    if (stack === undefined) continue
    const text = await readFile(join(stack.hlsDir, row.id, 'index.m3u8'), 'utf8').catch(() => null)
    if (text === null) continue
    const segments = namesIn(text)
    if (new Set(segments).size !== segments.length) broken.push(`${row.id}: a segment is listed twice`)
    const ended = text.includes('#EXT-X-ENDLIST')
    if (ended !== (row.status === 'ended')) {
      broken.push(`${row.id} is ${row.status} and its playlist ${ended ? 'has ended' : 'goes on'}`)
    }
  }
  return broken
}

/** What nginx has finished of a broadcast that is over is in its recording, once. */
async function checkRecordings(stacks: readonly TestStack[], rows: readonly Row[]): Promise<string[]> {
  const broken: string[] = []
  for (const { id, status, node_id, recording_status } of rows) {
    const stack = stacks.find(({ nodeId }) => nodeId === node_id)
    if (stack === undefined || status !== 'ended' || recording_status === null) continue
    if (recording_status !== 'ready') broken.push(`${id} has ended, and its recording is ${recording_status}`)
    const folder = join(stack.recordingsDir, id)
    const vod = namesIn(await readFile(join(folder, 'index.m3u8'), 'utf8').catch(() => ''))
    const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.ts'))
    if (vod.join() !== files.sort().join())
      broken.push(`${id}: the recording lists other segments than it has`)
    const kept = vod.map((name) => name.split('-')[0])
    if (new Set(kept).size !== kept.length) broken.push(`${id}: a segment is recorded twice`)
    const finished = namesIn(await stack.playlist(id)).map((name) => name.replace('.ts', ''))
    const lost = finished.filter((name) => !kept.includes(name))
    if (lost.length > 0) broken.push(`${id}: ${lost.length} of ${finished.length} segments are not recorded`)
  }
  return broken
}
