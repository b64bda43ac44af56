// Shows how far behind the live edge the viewer is, beside the LIVE button.
import type { RefObject } from 'preact'
import { TEXTS } from '../texts/texts.ts'
import { formatDuration } from '../ui/format-duration.ts'
import { usePlaybackPosition } from './use-playback-position.ts'

export interface BehindLiveProps {
  readonly video: RefObject<HTMLVideoElement | null>
  /** A viewer at most this many seconds behind the newest position counts as live. */
  readonly liveEdge: number
}

export function BehindLive({ video, liveEdge }: BehindLiveProps) {
  const position = usePlaybackPosition(video)
  const seconds = position === undefined ? 0 : Math.floor(position.end - position.time)
  if (seconds <= liveEdge) return null
  const duration = formatDuration(seconds * 1_000)
  return (
    <span class="playback-position">
      <span aria-hidden="true">−{duration}</span>
      <span class="visually-hidden">{TEXTS.watch.behind(duration)}</span>
    </span>
  )
}
