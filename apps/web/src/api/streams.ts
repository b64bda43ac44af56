// The requests about streams that the page sends.
import * as z from 'zod/mini'
import { request } from './request.ts'
import {
  type Attempt,
  AttemptListShape,
  type Ingest,
  IngestShape,
  type IssuedStream,
  IssuedStreamShape,
  type ReplacedKey,
  ReplacedKeyShape,
  type Stream,
  StreamListShape,
  StreamShape,
} from './shapes.ts'

export interface LiveSnapshot {
  readonly streams: readonly Stream[]
  /** The cursor from which events continue this list. */
  readonly lastEventId: string
}

const PAGE_SIZE = 100
/** The page shows at most a thousand live streams; nobody scrolls further. */
const MAX_PAGES = 10

/**
 * All streams that are live or reconnecting. `lastEventId` is that of the first page, so changes made
 * while the other pages were read come again as events.
 */
export async function listLiveStreams(signal: AbortSignal): Promise<LiveSnapshot> {
  const streams: Stream[] = []
  let lastEventId: string | undefined
  let cursor: string | null = null
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = new URLSearchParams({ status: 'live,reconnecting', limit: String(PAGE_SIZE) })
    if (cursor !== null) query.set('cursor', cursor)
    const answer = await request(StreamListShape, `/v1/streams?${query}`, { signal })
    streams.push(...answer.data)
    lastEventId ??= answer.lastEventId
    cursor = answer.nextCursor
    if (cursor === null) break
  }
  return { streams, lastEventId: lastEventId ?? '0' }
}

/** With the stream key, the answer also has the key's expiry time. */
export function readStream(id: string, key: string | undefined, signal: AbortSignal): Promise<Stream> {
  return request(StreamShape, streamPath(id), { signal, bearer: key })
}

/** @param token an API token, for servers that require one to create streams */
export function createStream(
  title: string,
  record: boolean,
  token: string | undefined,
): Promise<IssuedStream> {
  const body = { record, ...(title.trim() === '' ? {} : { title: title.trim() }) }
  return request(IssuedStreamShape, '/v1/streams', { method: 'POST', body, bearer: token })
}

/** Replaces a stream's key. The old key stops working; an encoder that is connected stays so. */
export function rotateKey(id: string, key: string): Promise<ReplacedKey> {
  const body = { keepPublishing: true }
  return request(ReplacedKeyShape, `${streamPath(id)}/stream-key`, { method: 'POST', body, bearer: key })
}

export function endStream(id: string, key: string): Promise<Stream> {
  return request(StreamShape, `${streamPath(id)}/end`, { method: 'POST', bearer: key })
}

/** Removes the stream with everything that was kept of it. @param credential its key, or an API token */
export async function deleteStream(id: string, credential: string): Promise<void> {
  await request(z.undefined(), streamPath(id), { method: 'DELETE', bearer: credential })
}

export function readIngest(id: string, key: string, signal: AbortSignal): Promise<Ingest> {
  return request(IngestShape, `${streamPath(id)}/ingest`, { bearer: key, signal })
}

/** The newest tries to publish the stream, newest first. */
export async function readAttempts(
  id: string,
  key: string,
  signal: AbortSignal,
): Promise<readonly Attempt[]> {
  const path = `${streamPath(id)}/attempts?limit=20`
  return (await request(AttemptListShape, path, { bearer: key, signal })).data
}

export function streamPath(id: string): string {
  return `/v1/streams/${encodeURIComponent(id)}`
}
