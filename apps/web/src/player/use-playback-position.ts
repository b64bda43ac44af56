// A hook for the playback position and the seekable range of a video, updated every second and on seeks.
import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { type SeekableRange, seekableRange } from './seekable-range.ts'

export interface PlaybackPosition extends SeekableRange {
  /** The current playback position. */
  readonly time: number
}

/** In seconds of the video's own time; undefined: nothing is loaded yet. */
export function usePlaybackPosition(video: RefObject<HTMLVideoElement | null>): PlaybackPosition | undefined {
  const [position, setPosition] = useState<PlaybackPosition>()
  useEffect(() => {
    const element = video.current
    const update = () => {
      const range = seekableRange(element)
      setPosition(range && element ? { ...range, time: element.currentTime } : undefined)
    }
    const timer = setInterval(update, 1_000)
    // Moving the seek bar or using a shortcut must show the new position at once.
    element?.addEventListener('seeking', update)
    return () => {
      clearInterval(timer)
      element?.removeEventListener('seeking', update)
    }
  }, [])
  return position
}
