// What of a broadcast is not in its recording, in words: calm where some seconds are missing, and with
// what is safe where it has failed. Pure.
import type { Recording } from '../api/shapes.ts'
import { RECORDING_FAILURES, TEXTS } from '../texts.ts'
import { formatDuration } from './duration.ts'

/** Of nginx's segments, in which it is kept and counted. */
const SEGMENT_S = 3

/** Undefined: all of it is there, or will be. */
export function lossText(recording: Recording): string | undefined {
  const { status, error, playback, durationS, missingSegments } = recording
  const { missing, failed, safe } = TEXTS.recording
  if (status !== 'failed') return missingSegments > 0 ? missing(missingSegments * SEGMENT_S) : undefined
  const why = RECORDING_FAILURES[error?.code ?? ''] ?? error?.detail ?? failed
  if (playback.hls === null || durationS === null) return why
  return `${why} ${safe(formatDuration(durationS * 1_000))}`
}
