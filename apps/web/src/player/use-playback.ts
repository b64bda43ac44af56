// Ties a <video> to its playlist for as long as the player is shown.
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { autoplay } from './autoplay.ts'
import { openPlayback, type Playback } from './playback.ts'

/** nginx's, until the playlist says what it is. */
const USUAL_TARGET_S = 4

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
