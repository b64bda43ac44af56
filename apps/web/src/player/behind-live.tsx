// How far behind the live edge a viewer is who went back, beside the LIVE button.
import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { TEXTS } from '../texts.ts'
import { formatDuration } from '../ui/duration.ts'
import { seekableRange } from './seekable.ts'

export interface BehindLiveProps {
  readonly video: RefObject<HTMLVideoElement | null>
  /** Seconds from the end that still count as live. */
  readonly edge: number
}

export function BehindLive({ video, edge }: BehindLiveProps) {
  const [seconds, setSeconds] = useState(0)
  useEffect(() => {
    const look = () => {
      const range = seekableRange(video.current)
      setSeconds(range === undefined ? 0 : Math.floor(range.end - (video.current?.currentTime ?? range.end)))
    }
    const timer = setInterval(look, 1_000)
    // Whoever pulls the bar or presses a key sees at once where that leads.
    video.current?.addEventListener('seeking', look)
    return () => {
      clearInterval(timer)
      video.current?.removeEventListener('seeking', look)
    }
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
