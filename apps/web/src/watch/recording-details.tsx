// The date and the duration of a recording.
import type { Recording } from '../api/shapes.ts'
import { TEXTS } from '../texts/texts.ts'
import { DateAndTime } from '../ui/date-and-time.tsx'
import { Duration } from '../ui/duration.tsx'

export function RecordingDetails({ recording }: { recording: Recording }) {
  const { startedAt, durationS, playback } = recording
  return (
    <span>
      {TEXTS.recording.recordedOn} <DateAndTime at={startedAt} />
      {durationS !== null && playback.hls !== null && (
        <>
          {' · '}
          <Duration ms={durationS * 1_000} label={TEXTS.recording.duration} />
        </>
      )}
    </span>
  )
}
