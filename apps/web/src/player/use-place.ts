// Where in a video the viewer is, and what of it can be seen; anew every second and at each jump.
import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { type SeekableRange, seekableRange } from './seekable.ts'

export interface Place extends SeekableRange {
  readonly time: number
}

/** In the video's own seconds; undefined: nothing can be seen yet. */
export function usePlace(video: RefObject<HTMLVideoElement | null>): Place | undefined {
  const [place, setPlace] = useState<Place>()
  useEffect(() => {
    const element = video.current
    const look = () => {
      const range = seekableRange(element)
      setPlace(range && element ? { ...range, time: element.currentTime } : undefined)
    }
    const timer = setInterval(look, 1_000)
    // Whoever pulls the bar or presses a key sees at once where that leads.
    element?.addEventListener('seeking', look)
    return () => {
      clearInterval(timer)
      element?.removeEventListener('seeking', look)
    }
  }, [])
  return place
}
