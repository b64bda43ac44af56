// The calls to /v1/streams that the page makes.
import { request } from './request.ts'
import {
  type Ingest,
  IngestShape,
  type IssuedKey,
  IssuedKeyShape,
  type IssuedStream,
  IssuedStreamShape,
  type Stream,
  StreamListShape,
  StreamShape,
} from './shapes.ts'

export interface LiveSnapshot {
  readonly streams: readonly Stream[]
  /** Where the events go on. */
  readonly lastEventId: string
}

/** The pages of a thousand streams at a hundred each; more than that nobody scrolls through. */
const MAX_PAGES = 10

/** All that is on air now. The first page's lastEventId counts: what changed while later pages came follows as events. */
export async function listLiveStreams(signal: AbortSignal): Promise<LiveSnapshot> {
  const streams: Stream[] = []
  let lastEventId: string | undefined
  let cursor: string | null = null
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = new URLSearchParams({ status: 'live,reconnecting', limit: '100' })
    if (cursor !== null) query.set('cursor', cursor)
    const answer = await request(StreamListShape, `/v1/streams?${query}`, { signal })
    streams.push(...answer.data)
    lastEventId ??= answer.lastEventId
    cursor = answer.nextCursor
    if (cursor === null) break
  }
  return { streams, lastEventId: lastEventId ?? '0' }
}

/** With its key the answer also says until when that can be used. */
export function readStream(id: string, key: string | undefined, signal: AbortSignal): Promise<Stream> {
  return request(StreamShape, streamPath(id), { signal, bearer: key })
}

/** @param token an API token, where the server creates streams for its operators only */
export function createStream(
  title: string,
  record: boolean,
  token: string | undefined,
): Promise<IssuedStream> {
  const body = { record, ...(title.trim() === '' ? {} : { title: title.trim() }) }
  return request(IssuedStreamShape, '/v1/streams', { method: 'POST', body, bearer: token })
}

/** A waiting stream's new key; the old one is dead. */
export function rotateKey(id: string, key: string): Promise<IssuedKey> {
  return request(IssuedKeyShape, `${streamPath(id)}/stream-key`, { method: 'POST', bearer: key })
}

export function endStream(id: string, key: string): Promise<Stream> {
  return request(StreamShape, `${streamPath(id)}/end`, { method: 'POST', bearer: key })
}

export function readIngest(id: string, key: string, signal: AbortSignal): Promise<Ingest> {
  return request(IngestShape, `${streamPath(id)}/ingest`, { bearer: key, signal })
}

export function streamPath(id: string): string {
  return `/v1/streams/${encodeURIComponent(id)}`
}
