// The time display of a recording: playback position / duration. Hidden from screen readers, which read the
// same from the seek bar.
import type { RefObject } from 'preact'
import { formatDuration } from '../ui/format-duration.ts'
import { usePlaybackPosition } from './use-playback-position.ts'

export function TimeDisplay({ video }: { video: RefObject<HTMLVideoElement | null> }) {
  const position = usePlaybackPosition(video)
  if (position === undefined) return null
  const { time, start, end } = position
  return (
    <span class="playback-position" aria-hidden="true">
      {formatDuration((time - start) * 1_000)} / {formatDuration((end - start) * 1_000)}
    </span>
  )
}
