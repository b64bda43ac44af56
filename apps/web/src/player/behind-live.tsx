// How far behind the live edge a viewer is who went back, beside the LIVE button.
import type { RefObject } from 'preact'
import { TEXTS } from '../texts.ts'
import { formatDuration } from '../ui/duration.ts'
import { usePlace } from './use-place.ts'

export interface BehindLiveProps {
  readonly video: RefObject<HTMLVideoElement | null>
  /** Seconds from the end that still count as live. */
  readonly edge: number
}

export function BehindLive({ video, edge }: BehindLiveProps) {
  const place = usePlace(video)
  const seconds = place === undefined ? 0 : Math.floor(place.end - place.time)
  if (seconds <= edge) return null
  const duration = formatDuration(seconds * 1_000)
  return (
    <span class="place">
      <span aria-hidden="true">−{duration}</span>
      <span class="visually-hidden">{TEXTS.watch.behind(duration)}</span>
    </span>
  )
}
