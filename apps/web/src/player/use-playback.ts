// Ties a <video> to its playlist for as long as the player is shown.
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { autoplay } from './autoplay.ts'
import { openPlayback, type Playback } from './playback.ts'

/** nginx's, until the playlist says what it is. */
const USUAL_TARGET_S = 4
/** A picture that stood still this long after the end of the stream is the last one. */
const LAST_PICTURE_MS = 5_000

export interface PlaybackView {
  readonly trouble: boolean
  readonly unsupported: boolean
  readonly autoplayed: 'playing' | 'muted' | 'refused' | undefined
  /** Seconds, of the playlist. */
  readonly targetDuration: number
}

export function usePlayback(
  video: RefObject<HTMLVideoElement | null>,
  url: string,
  live: boolean,
): PlaybackView {
  const [trouble, setTrouble] = useState(false)
  const [unsupported, setUnsupported] = useState(false)
  const [targetDuration, setTargetDuration] = useState(USUAL_TARGET_S)
  const [autoplayed, setAutoplayed] = useState<PlaybackView['autoplayed']>()
  const playback = useRef<Playback | undefined>(undefined)

  useEffect(() => {
    if (video.current === null) return
    playback.current = openPlayback(video.current, url, {
      onTrouble: setTrouble,
      onTargetDuration: setTargetDuration,
    })
    setUnsupported(playback.current === undefined)
    void autoplay(video.current).then(setAutoplayed)
    return () => playback.current?.close()
  }, [url])

  const wasLive = useRef(live)
  useEffect(() => {
    if (live && !wasLive.current) playback.current?.resume()
    wasLive.current = live
  }, [live])

  return { trouble, unsupported, autoplayed, targetDuration }
}

/** Whether the viewer has seen the last of a stream that ended; one who went back may still be watching. */
export function useFinished(video: RefObject<HTMLVideoElement | null>, ended: boolean): boolean {
  const [finished, setFinished] = useState(false)
  useEffect(() => {
    if (!ended) return
    let movedAt = performance.now()
    let time = -1
    const timer = setInterval(() => {
      const element = video.current
      if (element === null) return
      const moving = element.currentTime !== time || element.paused
      if (moving) movedAt = performance.now()
      time = element.currentTime
      setFinished(element.ended || performance.now() - movedAt > LAST_PICTURE_MS)
    }, 500)
    return () => clearInterval(timer)
  }, [ended])
  return finished
}
