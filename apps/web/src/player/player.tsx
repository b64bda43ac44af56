// The player: the video, media-chrome's controls, and messages over the video.
import './media-chrome.ts'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Stream } from '../api/shapes.ts'
import { TEXTS } from '../texts/texts.ts'
import { BehindLive } from './behind-live.tsx'
import { SeekBar } from './seek-bar.tsx'
import { TimeDisplay } from './time-display.tsx'
import { useFinished } from './use-finished.ts'
import { usePlayback } from './use-playback.ts'
import { useShortcuts } from './use-shortcuts.ts'

export interface PlayerProps {
  readonly url: string
  readonly title: string
  /** `recorded`: this plays a recording from its beginning. */
  readonly status: Stream['status'] | 'recorded'
  readonly poster?: string | undefined
  /** Shown over the last frame of a stream that has ended. */
  readonly endScreen?: ComponentChildren
}

export function Player({ url, title, status, poster, endScreen }: PlayerProps) {
  const video = useRef<HTMLVideoElement>(null)
  const frame = useRef<HTMLDivElement>(null)
  const controller = useRef<HTMLElement>(null)
  const { loadError, unsupported, autoplayed, targetDuration } = usePlayback(video, url, status === 'live')
  const finished = useFinished(video, status === 'ended')
  const [unmuted, setUnmuted] = useState(false)
  useShortcuts(controller, video)
  useEffect(() => {
    // The messages over the video must be visible in full screen, too.
    if (controller.current) Object.assign(controller.current, { fullscreenElement: frame.current })
  }, [])
  const unmute = () => {
    if (video.current) video.current.muted = false
    setUnmuted(true)
  }
  if (unsupported) return <p class="player-message">{TEXTS.watch.unsupported}</p>
  // Playback starts two target durations behind the newest position, which advances by one at a time.
  const liveEdge = targetDuration * 3 + 2
  const live = status !== 'ended' && status !== 'recorded'
  return (
    <div ref={frame} class={`player${finished ? ' player-finished' : ''}`}>
      <media-controller
        ref={controller}
        aria-label={`${TEXTS.watch.player}: ${title}`}
        liveedgeoffset={liveEdge}
        seektoliveoffset={targetDuration * 2}
        nomutedpref
        nohotkeys
        noautoseektolive
      >
        {/* biome-ignore lint/a11y/useMediaCaption: RTMP carries no captions. */}
        <video
          ref={video}
          slot="media"
          playsInline
          poster={poster}
          onVolumeChange={() => setUnmuted(!video.current?.muted)}
        />
        {status !== 'ended' && <media-loading-indicator slot="centered-chrome" noautohide />}
        <SeekBar video={video} live={live} />
        <media-control-bar>
          <media-play-button />
          <media-mute-button />
          <media-volume-range />
          {status === 'recorded' && <TimeDisplay video={video} />}
          <span class="spacer" />
          {live && <BehindLive video={video} liveEdge={liveEdge} />}
          {live && <media-live-button />}
          <media-captions-button />
          <media-pip-button />
          <media-fullscreen-button />
        </media-control-bar>
      </media-controller>
      <div class="overlay" role="status">
        {status === 'reconnecting' && <p class="overlay-note">{TEXTS.watch.reconnecting}</p>}
        {(status === 'live' || status === 'recorded') && loadError && (
          <p class="overlay-note">{TEXTS.watch.loadError}</p>
        )}
        {autoplayed === 'refused' && video.current?.paused && (
          <p class="overlay-note">{TEXTS.watch.pressPlay}</p>
        )}
        {finished && <div class="overlay-end">{endScreen}</div>}
      </div>
      {autoplayed === 'muted' && !unmuted && !finished && (
        <button type="button" class="button unmute" onClick={unmute}>
          {TEXTS.watch.unmute}
        </button>
      )}
    </div>
  )
}
