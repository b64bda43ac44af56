// What viewers see, without sound: the streamer's own microphone would hear it. While the encoder is
// gone the last picture stays.
import { useEffect, useRef } from 'preact/hooks'
import { openPlayback, type Playback } from '../player/playback.ts'
import { STUDIO_TEXTS } from './studio-texts.ts'

export function Preview({ url, live }: { url: string; live: boolean }) {
  const video = useRef<HTMLVideoElement>(null)
  const playback = useRef<Playback | undefined>(undefined)
  useEffect(() => {
    const element = video.current
    if (element === null) return
    playback.current = openPlayback(element, url, {
      onTrouble: () => {},
      onTargetDuration: () => {},
      edgeOnly: true,
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
