// The calls about recordings that the page makes.
import * as z from 'zod/mini'
import { request } from './request.ts'
import { type Recording, RecordingListShape, RecordingShape } from './shapes.ts'
import { streamPath } from './streams.ts'

export interface RecordingPage {
  /** Those of the newest broadcasts first. */
  readonly recordings: readonly Recording[]
  /** Where older ones go on; null: there are none. */
  readonly nextCursor: string | null
  /** Where the events go on. */
  readonly lastEventId: string
}

export const MAX_PAGE = 100

export interface RecordingPageWanted {
  /** At most MAX_PAGE. */
  readonly limit: number
  readonly cursor?: string
  readonly signal?: AbortSignal
}

/** What can be watched in full. */
export async function listRecordings({ limit, cursor, signal }: RecordingPageWanted): Promise<RecordingPage> {
  const query = new URLSearchParams({ status: 'ready', limit: String(limit) })
  if (cursor !== undefined) query.set('cursor', cursor)
  const { data, ...rest } = await request(
    RecordingListShape,
    `/v1/recordings?${query}`,
    signal === undefined ? {} : { signal },
  )
  return { recordings: data, ...rest }
}

/** While it is under way this says how much is kept by now, which no event does. */
export function readRecording(streamId: string, signal: AbortSignal): Promise<Recording> {
  return request(RecordingShape, recordingPath(streamId), { signal })
}

export async function deleteRecording(streamId: string, key: string): Promise<void> {
  await request(z.undefined(), recordingPath(streamId), { method: 'DELETE', bearer: key })
}

function recordingPath(streamId: string): string {
  return `${streamPath(streamId)}/recording`
}
