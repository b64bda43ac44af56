// How long a stream is on air, ticking.
import { useNow } from './clock.ts'
import { Duration } from './duration-text.tsx'

export function TimeOnAir({ liveAt, label }: { liveAt: string; label: string }) {
  return (
    <span class="time-on-air">
      <Duration ms={useNow() - Date.parse(liveAt)} label={label} />
    </span>
  )
}
