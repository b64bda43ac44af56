// What viewers see, without sound: the streamer's own microphone would hear it.
import { useEffect, useRef } from 'preact/hooks'
import { openPlayback } from '../player/playback.ts'
import { STUDIO_TEXTS } from './studio-texts.ts'

export function Preview({ url, live }: { url: string; live: boolean }) {
  const video = useRef<HTMLVideoElement>(null)
  useEffect(() => {
    const element = video.current
    if (element === null || !live) return
    // Opened anew when the streamer is back: a preview belongs at the live edge.
    const playback = openPlayback(element, url, { onTrouble: () => {}, onTargetDuration: () => {} })
    element.play().catch(() => {})
    return () => playback?.close()
  }, [url, live])
  return (
    <>
      <video ref={video} muted playsInline aria-label={STUDIO_TEXTS.preview} />
      <p class="muted">{STUDIO_TEXTS.previewHint}</p>
    </>
  )
}
