// One recording in the list: its poster, how long it is, its title and when it was live.
import { useState } from 'preact/hooks'
import { hereUrl } from '../api/reachable.ts'
import type { Recording } from '../api/shapes.ts'
import { TEXTS } from '../texts.ts'
import { DateAndTime } from '../ui/date.tsx'
import { Duration } from '../ui/duration-text.tsx'
import play from '../ui/icons/play.svg'

export function RecordingCard({ recording }: { recording: Recording }) {
  const { streamId, title, startedAt, durationS, poster } = recording
  const [broken, setBroken] = useState(false)
  return (
    <li class="card">
      <a href={`/watch/${streamId}`}>
        <div class="preview">
          <img src={play} alt="" width="56" height="56" />
          {poster !== null && !broken && (
            <div class="picture">
              <img
                src={hereUrl(poster)}
                alt={TEXTS.recording.poster}
                loading="lazy"
                onError={() => setBroken(true)}
              />
            </div>
          )}
          {durationS !== null && (
            <span class="time-on-air">
              <Duration ms={durationS * 1_000} label={TEXTS.recording.lasts} />
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
