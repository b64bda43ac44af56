// The public JSON of a recording.
import type { RecordingFailure } from '../domain/recording.ts'
import { MP4, POSTER, VOD_PLAYLIST } from '../domain/recording-files.ts'
import { mainPart } from '../domain/recording-part.ts'
import type { Stream } from '../domain/stream.ts'
import type { RecordingResource } from './recording-schemas.ts'

const FAILURES: Readonly<Record<RecordingFailure, string>> = {
  nothing_recorded: 'Nothing of the broadcast could be stored.',
  storage_unavailable:
    'The storage was unreachable for too long. The figures show what had been stored by then.',
  disk_full:
    'The disk is nearly full, so recording was stopped to keep live streams running. What had been stored is still available.',
}

/** Null: the stream has no recording, has none yet, or its recording was deleted. */
export function toRecordingResource(stream: Stream): RecordingResource | null {
  const { id, title, liveAt, endedAt, publicUrl, recording } = stream
  if (recording === null || liveAt === null) return null
  const { status, failure, parts } = recording
  if (status === 'deleting' || status === 'deleted') return null
  // The node that has the recording, which need not be the one that admitted the last publisher.
  const base = `${mainPart(parts)?.publicUrl ?? publicUrl}/recordings/${id}`
  const url = (has: boolean, file: string) => (has ? `${base}/${file}` : null)
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
