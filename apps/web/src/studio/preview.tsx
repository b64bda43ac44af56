// A preview of what viewers see. It is muted, because the streamer's microphone would pick up the sound. While
// the encoder is disconnected, the last frame stays.
import { useEffect, useRef } from 'preact/hooks'
import { openPlayback, type Playback } from '../player/playback.ts'
import { STUDIO_TEXTS } from '../texts/studio-texts.ts'

export function Preview({ url, live }: { url: string; live: boolean }) {
  const video = useRef<HTMLVideoElement>(null)
  const playback = useRef<Playback | undefined>(undefined)
  useEffect(() => {
    const element = video.current
    if (element === null) return
    playback.current = openPlayback(element, url, {
      onLoadError: () => {},
      onTargetDuration: () => {},
      followLiveEdge: true,
    })
    element.play().catch(() => {})
    return () => playback.current?.close()
  }, [url])
  useEffect(() => {
    if (live) playback.current?.resume()
  }, [live])
  return (
    <>
      <video ref={video} muted playsInline aria-label={STUDIO_TEXTS.preview} />
      <p class="muted">{STUDIO_TEXTS.previewHint}</p>
    </>
  )
}
