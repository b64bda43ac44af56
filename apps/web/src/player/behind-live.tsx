// How far behind the live edge a viewer is who went back, beside the LIVE button.
import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { TEXTS } from '../texts.ts'
import { formatDuration } from '../ui/duration.ts'

export interface BehindLiveProps {
  readonly video: RefObject<HTMLVideoElement | null>
  /** Seconds from the end that still count as live. */
  readonly edge: number
}

export function BehindLive({ video, edge }: BehindLiveProps) {
  const [seconds, setSeconds] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => setSeconds(secondsBehind(video.current)), 1_000)
    return () => clearInterval(timer)
  }, [])
  if (seconds <= edge) return null
  const duration = formatDuration(seconds * 1_000)
  return (
    <span class="behind">
      <span aria-hidden="true">−{duration}</span>
      <span class="visually-hidden">{TEXTS.watch.behind(duration)}</span>
    </span>
  )
}

function secondsBehind(video: HTMLVideoElement | null): number {
  if (video === null || video.seekable.length === 0) return 0
  return video.seekable.end(video.seekable.length - 1) - video.currentTime
}
