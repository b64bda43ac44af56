// The player: video, media-chrome's controls, and what there is to say over the picture.
import './media-chrome.ts'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Stream } from '../api/shapes.ts'
import { TEXTS } from '../texts.ts'
import { BehindLive } from './behind-live.tsx'
import { SeekBar } from './seek-bar.tsx'
import { TimeOfAll } from './time-of-all.tsx'
import { useFinished } from './use-finished.ts'
import { useKeys } from './use-keys.ts'
import { usePlayback } from './use-playback.ts'

export interface PlayerProps {
  readonly url: string
  readonly title: string
  /** recorded: the broadcast is over, and this plays all of it from its beginning. */
  readonly status: Stream['status'] | 'recorded'
  readonly poster?: string | undefined
  /** What is said over the last picture of a stream that has ended. */
  readonly afterwards?: ComponentChildren
}

export function Player({ url, title, status, poster, afterwards }: PlayerProps) {
  const video = useRef<HTMLVideoElement>(null)
  const frame = useRef<HTMLDivElement>(null)
  const controller = useRef<HTMLElement>(null)
  const { trouble, unsupported, autoplayed, targetDuration } = usePlayback(video, url, status === 'live')
  const finished = useFinished(video, status === 'ended')
  const [unmuted, setUnmuted] = useState(false)
  useKeys(controller, video)
  useEffect(() => {
    // What is said over the picture has to be there in full screen, too.
    if (controller.current) Object.assign(controller.current, { fullscreenElement: frame.current })
  }, [])
  const unmute = () => {
    if (video.current) video.current.muted = false
    setUnmuted(true)
  }
  if (unsupported) return <p class="stage-text">{TEXTS.watch.unsupported}</p>
  // Playing begins two segments from the end, which moves on by one at a time.
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
        {/* biome-ignore lint/a11y/useMediaCaption: RTMP brings no captions along. */}
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
          {status === 'recorded' && <TimeOfAll video={video} />}
          <span class="gap" />
          {live && <BehindLive video={video} edge={liveEdge} />}
          {live && <media-live-button />}
          <media-captions-button />
          <media-pip-button />
          <media-fullscreen-button />
        </media-control-bar>
      </media-controller>
      <div class="over" role="status">
        {status === 'reconnecting' && <p class="over-note">{TEXTS.watch.reconnecting}</p>}
        {(status === 'live' || status === 'recorded') && trouble && (
          <p class="over-note">{TEXTS.watch.trouble}</p>
        )}
        {autoplayed === 'refused' && video.current?.paused && (
          <p class="over-note">{TEXTS.watch.pressPlay}</p>
        )}
        {finished && <div class="over-end">{afterwards}</div>}
      </div>
      {autoplayed === 'muted' && !unmuted && !finished && (
        <button type="button" class="button over-unmute" onClick={unmute}>
          {TEXTS.watch.unmute}
        </button>
      )}
    </div>
  )
}
