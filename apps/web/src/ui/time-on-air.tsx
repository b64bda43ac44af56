// How long a stream has been on air, updated every second.
import { Duration } from './duration.tsx'
import { useNow } from './use-now.ts'

export function TimeOnAir({ liveAt, label }: { liveAt: string; label: string }) {
  return (
    <span class="time-on-air">
      <Duration ms={useNow() - Date.parse(liveAt)} label={label} />
    </span>
  )
}
