// One recording in the list: its poster, duration, title and date.
import { useState } from 'preact/hooks'
import { reachableHttpUrl } from '../api/reachable-url.ts'
import type { Recording } from '../api/shapes.ts'
import { TEXTS } from '../texts/texts.ts'
import { DateAndTime } from '../ui/date-and-time.tsx'
import { Duration } from '../ui/duration.tsx'
import play from '../ui/icons/play.svg'

export function RecordingCard({ recording }: { recording: Recording }) {
  const { streamId, title, startedAt, durationS, poster } = recording
  const [broken, setBroken] = useState(false)
  return (
    <li class="card">
      <a href={`/watch/${streamId}`}>
        <div class="card-image">
          <img src={play} alt="" width="56" height="56" />
          {poster !== null && !broken && (
            <div class="poster">
              <img
                src={reachableHttpUrl(poster)}
                alt={TEXTS.recording.poster}
                loading="lazy"
                onError={() => setBroken(true)}
              />
            </div>
          )}
          {durationS !== null && (
            <span class="duration">
              <Duration ms={durationS * 1_000} label={TEXTS.recording.duration} />
            </span>
          )}
        </div>
        <h3>{title ?? TEXTS.untitled}</h3>
        <p class="muted">
          <DateAndTime at={startedAt} />
        </p>
      </a>
    </li>
  )
}
