// Plays a playlist in a <video> for as long as the component is mounted, and reports what goes wrong.
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { autoplay } from './autoplay.ts'
import { openPlayback, type Playback } from './playback.ts'

/** nginx's target duration, used until the playlist is loaded. */
const DEFAULT_TARGET_DURATION_S = 4

export interface PlaybackView {
  readonly loadError: boolean
  readonly unsupported: boolean
  readonly autoplayed: 'playing' | 'muted' | 'refused' | undefined
  /** The playlist's target duration, in seconds. */
  readonly targetDuration: number
}

export function usePlayback(
  video: RefObject<HTMLVideoElement | null>,
  url: string,
  live: boolean,
): PlaybackView {
  const [loadError, setLoadError] = useState(false)
  const [unsupported, setUnsupported] = useState(false)
  const [targetDuration, setTargetDuration] = useState(DEFAULT_TARGET_DURATION_S)
  const [autoplayed, setAutoplayed] = useState<PlaybackView['autoplayed']>()
  const playback = useRef<Playback | undefined>(undefined)

  useEffect(() => {
    if (video.current === null) return
    playback.current = openPlayback(video.current, url, {
      onLoadError: setLoadError,
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

  return { loadError, unsupported, autoplayed, targetDuration }
}
