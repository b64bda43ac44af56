// The public JSON of a stream, in REST answers and in events. It contains no secrets.
import type { Stream } from '../domain/stream.ts'
import { toRecordingResource } from './recording-resource.ts'
import type { StreamResource } from './stream-schemas.ts'

/** @param viewers the number of current viewers; an ended stream always shows 0 */
export function toStreamResource(stream: Stream, viewers: number): StreamResource {
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
