// How long a stream is on air, ticking; or how long it was.
import { useNow } from './clock.ts'
import { formatDuration, isoDuration } from './duration.ts'

export function TimeOnAir({ liveAt, label }: { liveAt: string; label: string }) {
  const ms = useNow() - Date.parse(liveAt)
  return (
    <span class="time-on-air">
      <span class="visually-hidden">{label} </span>
      <time dateTime={isoDuration(ms)}>{formatDuration(ms)}</time>
    </span>
  )
}
