// The calls to /v1/streams that the page makes.
import { request } from './request.ts'
import { type IssuedStream, IssuedStreamShape, type Stream, StreamListShape, StreamShape } from './shapes.ts'

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
  return request(StreamShape, streamPath(id), { signal, ...(key === undefined ? {} : { key }) })
}

export function createStream(title: string, record: boolean): Promise<IssuedStream> {
  const body = { record, ...(title.trim() === '' ? {} : { title: title.trim() }) }
  return request(IssuedStreamShape, '/v1/streams', { method: 'POST', body })
}

export function rotateKey(id: string, key: string): Promise<IssuedStream> {
  return request(IssuedStreamShape, `${streamPath(id)}/stream-key`, { method: 'POST', key })
}

export function endStream(id: string, key: string): Promise<Stream> {
  return request(StreamShape, `${streamPath(id)}/end`, { method: 'POST', key })
}

function streamPath(id: string): string {
  return `/v1/streams/${encodeURIComponent(id)}`
}
