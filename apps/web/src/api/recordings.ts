// The requests about recordings that the page sends.
import * as z from 'zod/mini'
import { request } from './request.ts'
import { type Recording, RecordingListShape, RecordingShape } from './shapes.ts'
import { streamPath } from './streams.ts'

export interface RecordingPage {
  /** Newest stream first. */
  readonly recordings: readonly Recording[]
  /** The cursor of the next, older page; null: this is the last page. */
  readonly nextCursor: string | null
  /** The cursor from which events continue this list. */
  readonly lastEventId: string
}

export const MAX_PAGE = 100

export interface RecordingPageQuery {
  /** At most MAX_PAGE. */
  readonly limit: number
  readonly cursor?: string
  readonly signal?: AbortSignal
}

/** Lists the recordings that are ready to be watched. */
export async function listRecordings({ limit, cursor, signal }: RecordingPageQuery): Promise<RecordingPage> {
  const query = new URLSearchParams({ status: 'ready', limit: String(limit) })
  if (cursor !== undefined) query.set('cursor', cursor)
  const { data, ...rest } = await request(
    RecordingListShape,
    `/v1/recordings?${query}`,
    signal === undefined ? {} : { signal },
  )
  return { recordings: data, ...rest }
}

/** While the stream is being recorded, this also says how much is recorded so far; no event contains it. */
export function readRecording(streamId: string, signal: AbortSignal): Promise<Recording> {
  return request(RecordingShape, recordingPath(streamId), { signal })
}

export async function deleteRecording(streamId: string, key: string): Promise<void> {
  await request(z.undefined(), recordingPath(streamId), { method: 'DELETE', bearer: key })
}

function recordingPath(streamId: string): string {
  return `${streamPath(streamId)}/recording`
}
