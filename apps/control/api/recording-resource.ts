// A recording as the outside sees it.
import type { RecordingFailure, Stream } from '../domain/stream.ts'
import { MP4, POSTER, VOD_PLAYLIST } from '../recordings/storage.ts'
import type { RecordingResource } from './recording-schemas.ts'

const FAILURES: Readonly<Record<RecordingFailure, string>> = {
  nothing_recorded: 'Nothing of the broadcast could be kept.',
  storage_unavailable:
    'The storage could not be reached for too long. What is safe is what these figures say.',
  disk_full: 'The disk is nearly full, and live streams come first. What was kept before is safe.',
}

/** Null: the stream has no recording, not yet or not any more. */
export function toRecordingResource(stream: Stream): RecordingResource | null {
  const { id, title, liveAt, endedAt, publicUrl, recording } = stream
  if (recording === null || liveAt === null) return null
  const { status, failure } = recording
  if (status === 'deleting' || status === 'deleted') return null
  const url = (has: boolean, file: string) => (has ? `${publicUrl}/recordings/${id}/${file}` : null)
  return {
    streamId: id,
    title,
    status,
    startedAt: liveAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    durationS: recording.durationMs === null ? null : recording.durationMs / 1000,
    sizeBytes: recording.sizeBytes,
    missingSegments: recording.missingSegments,
    playback: { hls: url(recording.hasPlaylist, VOD_PLAYLIST) },
    download: { mp4: url(recording.hasMp4, MP4) },
    poster: url(recording.hasPoster, POSTER),
    error: failure === null ? null : { code: failure, detail: FAILURES[failure] },
  }
}
