// Builds the events that clients will read: a lifecycle event with the stream's public JSON.
import type { EventDraft } from '../domain/event.ts'
import type { StreamEvent } from '../domain/lifecycle.ts'
import type { Stream } from '../domain/stream.ts'
import { toStreamResource } from './stream-resource.ts'

/** @param viewers how many watch the stream at `now` */
export function toEventDraft(stream: Stream, event: StreamEvent, viewers: number, now: Date): EventDraft {
  return {
    type: event.type,
    streamId: stream.id,
    wasLive: stream.liveAt !== null,
    createdAt: now,
    body:
      event.type === 'stream.deleted'
        ? { stream: { id: stream.id } }
        : {
            stream: toStreamResource(stream, viewers),
            ...(event.resumed === undefined ? {} : { resumed: event.resumed }),
          },
  }
}
