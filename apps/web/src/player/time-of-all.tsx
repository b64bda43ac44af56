// Where in a recording the viewer is, and how long it is. The seek bar says the same to who can't see it.
import type { RefObject } from 'preact'
import { formatDuration } from '../ui/duration.ts'
import { usePlace } from './use-place.ts'

export function TimeOfAll({ video }: { video: RefObject<HTMLVideoElement | null> }) {
  const place = usePlace(video)
  if (place === undefined) return null
  const { time, start, end } = place
  return (
    <span class="place" aria-hidden="true">
      {formatDuration((time - start) * 1_000)} / {formatDuration((end - start) * 1_000)}
    </span>
  )
}
