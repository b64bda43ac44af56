// Whether the viewer has seen the last of a stream that ended: its final seconds still play when the
// news comes, and one who went back may be watching for long.
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

const LOOK_EVERY_MS = 250
/** A picture that stands still this long, with the stream over, is the last one. */
const LAST_PICTURE_MS = 4_000

export function useFinished(video: RefObject<HTMLVideoElement | null>, ended: boolean): boolean {
  const [finished, setFinished] = useState(false)
  // Watched from the start: when a lost streamer is given up, the picture has been standing for long.
  const last = useRef({ time: -1, since: 0 })
  useEffect(() => {
    const timer = setInterval(() => {
      const element = video.current
      if (element === null) return
      const { currentTime: time, paused } = element
      if (time !== last.current.time || paused) last.current = { time, since: performance.now() }
      const stood = performance.now() - last.current.since > LAST_PICTURE_MS
      setFinished(ended && (element.ended || stood))
    }, LOOK_EVERY_MS)
    return () => clearInterval(timer)
  }, [ended])
  return finished
}
