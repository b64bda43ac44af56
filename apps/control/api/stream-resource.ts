// A stream as the outside sees it: the JSON of REST and of events.
import type { EventDraft } from '../domain/event.ts'
import type { StreamEvent } from '../domain/lifecycle.ts'
import type { Stream } from '../domain/stream.ts'
import { toRecordingResource } from './recording-resource.ts'
import type { StreamResource } from './stream-schemas.ts'

/**
 * The public view: nothing in it is secret.
 * @param viewers how many watch it now; what has ended nobody watches
 */
export function toResource(stream: Stream, viewers: number): StreamResource {
  return {
    id: stream.id,
    title: stream.title,
    status: stream.status,
    createdAt: stream.createdAt.toISOString(),
    connectedAt: stream.connectedAt?.toISOString() ?? null,
    liveAt: stream.liveAt?.toISOString() ?? null,
    endedAt: stream.endedAt?.toISOString() ?? null,
    endReason: stream.endReason,
    record: stream.record,
    playback: {
      hls: `${stream.publicUrl}/hls/${stream.id}/index.m3u8`,
      dash: `${stream.publicUrl}/dash/${stream.id}/index.mpd`,
    },
    viewers: stream.status === 'ended' ? 0 : viewers,
    recording: toRecordingResource(stream),
  }
}

/** An event of the lifecycle as the log takes it. */
export function toEventDraft(stream: Stream, event: StreamEvent, viewers: number, now: Date): EventDraft {
  return {
    type: event.type,
    streamId: stream.id,
    wasLive: stream.liveAt !== null,
    createdAt: now,
    body: {
      stream: toResource(stream, viewers),
      ...(event.resumed === undefined ? {} : { resumed: event.resumed }),
    },
  }
}
