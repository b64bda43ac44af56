// Whether the viewer has seen the last frame of a stream that has ended. When the stream ends, its last
// seconds still play, and a viewer who has rewound may watch for long.
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

const CHECK_EVERY_MS = 250
/** Once the stream has ended, video that has not advanced for this long is at its last frame. */
const STILL_MS = 4_000

export function useFinished(video: RefObject<HTMLVideoElement | null>, ended: boolean): boolean {
  const [finished, setFinished] = useState(false)
  // Tracked before the end, too: when a stream ends because its publisher is gone, the video has
  // already not advanced for a long time.
  const last = useRef({ time: -1, since: 0 })
  useEffect(() => {
    const timer = setInterval(() => {
      const element = video.current
      if (element === null) return
      const { currentTime: time, paused } = element
      if (time !== last.current.time || paused) last.current = { time, since: performance.now() }
      const standsStill = performance.now() - last.current.since > STILL_MS
      setFinished(ended && (element.ended || standsStill))
    }, CHECK_EVERY_MS)
    return () => clearInterval(timer)
  }, [ended])
  return finished
}
