// The player: video, media-chrome's controls, and what there is to say over the picture.
import './media-chrome.ts'
import { useRef, useState } from 'preact/hooks'
import type { Stream } from '../api/shapes.ts'
import { TEXTS } from '../texts.ts'
import { BehindLive } from './behind-live.tsx'
import { useFinished, usePlayback } from './use-playback.ts'

export interface PlayerProps {
  readonly url: string
  readonly title: string
  readonly status: Stream['status']
}

export function Player({ url, title, status }: PlayerProps) {
  const video = useRef<HTMLVideoElement>(null)
  const { trouble, unsupported, autoplayed, targetDuration } = usePlayback(video, url, status === 'live')
  const finished = useFinished(video, status === 'ended')
  const [unmuted, setUnmuted] = useState(false)
  const unmute = () => {
    if (video.current) video.current.muted = false
    setUnmuted(true)
  }
  if (unsupported) return <p class="stage-text">{TEXTS.watch.unsupported}</p>
  const liveEdge = targetDuration * 4 + 4
  return (
    <div class={`player${finished ? ' player-finished' : ''}`}>
      <media-controller
        aria-label={`${TEXTS.watch.player}: ${title}`}
        liveedgeoffset={liveEdge}
        seektoliveoffset={targetDuration * 2}
        nomutedpref
        noautoseektolive
      >
        {/* biome-ignore lint/a11y/useMediaCaption: RTMP brings no captions along. */}
        <video
          ref={video}
          slot="media"
          playsInline
          onVolumeChange={() => setUnmuted(!video.current?.muted)}
        />
        {status !== 'ended' && <media-loading-indicator slot="centered-chrome" noautohide />}
        <media-time-range />
        <media-control-bar>
          <media-play-button />
          <media-mute-button />
          <media-volume-range />
          <span class="gap" />
          {status !== 'ended' && <BehindLive video={video} edge={liveEdge} />}
          {status !== 'ended' && <media-live-button />}
          <media-pip-button />
          <media-fullscreen-button />
        </media-control-bar>
      </media-controller>
      <div class="over" role="status">
        {status === 'reconnecting' && <p class="over-note">{TEXTS.watch.reconnecting}</p>}
        {status === 'live' && trouble && <p class="over-note">{TEXTS.watch.trouble}</p>}
        {autoplayed === 'refused' && video.current?.paused && (
          <p class="over-note">{TEXTS.watch.pressPlay}</p>
        )}
        {finished && (
          <div class="over-end">
            <p class="stage-title">{TEXTS.watch.endedTitle}</p>
            <p>{TEXTS.watch.endedText}</p>
            <a class="button" href="/">
              {TEXTS.watch.back}
            </a>
          </div>
        )}
      </div>
      {autoplayed === 'muted' && !unmuted && !finished && (
        <button type="button" class="button over-unmute" onClick={unmute}>
          {TEXTS.watch.unmute}
        </button>
      )}
    </div>
  )
}
