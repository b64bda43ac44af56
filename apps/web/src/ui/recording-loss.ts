// Says in words what part of a stream is missing from its recording and, if the recording failed, what part
// can still be watched. Pure.
import type { Recording } from '../api/shapes.ts'
import { RECORDING_FAILURES } from '../texts/failure-texts.ts'
import { TEXTS } from '../texts/texts.ts'
import { formatDuration } from './format-duration.ts'

/** The length of nginx's segments; the service counts missing segments. */
const SEGMENT_S = 3

/** Undefined: the recording is complete so far. */
export function lossText(recording: Recording): string | undefined {
  const { status, error, playback, durationS, missingSegments } = recording
  const { missing, failed, partial } = TEXTS.recording
  if (status !== 'failed') return missingSegments > 0 ? missing(missingSegments * SEGMENT_S) : undefined
  const reason = RECORDING_FAILURES[error?.code ?? ''] ?? error?.detail ?? failed
  if (playback.hls === null || durationS === null) return reason
  return `${reason} ${partial(formatDuration(durationS * 1_000))}`
}
