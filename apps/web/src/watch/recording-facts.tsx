// When a stream that has ended was live, and how long its recording is.
import type { Recording } from '../api/shapes.ts'
import { TEXTS } from '../texts.ts'
import { DateAndTime } from '../ui/date.tsx'
import { Duration } from '../ui/duration-text.tsx'

export function RecordingFacts({ recording }: { recording: Recording }) {
  const { startedAt, durationS, playback } = recording
  return (
    <span>
      {TEXTS.recording.recordedOn} <DateAndTime at={startedAt} />
      {durationS !== null && playback.hls !== null && (
        <>
          {' · '}
          <Duration ms={durationS * 1_000} label={TEXTS.recording.lasts} />
        </>
      )}
    </span>
  )
}
