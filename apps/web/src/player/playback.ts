// Plays an HLS playlist, of a live stream or of a recording, in a <video>: hls.js where there is Media Source, else the browser itself.
// Keeps on trying for as long as it is open: playlists come late, stand still while the streamer is
// away, and servers restart.
import Hls, { ErrorTypes, Events, type HlsConfig } from 'hls.js/light'

const RETRY_MS = 2_000
/** Two media errors within this time: starting over helps where recovering did not. */
const RECOVERY_MS = 5_000

const CONFIG: Partial<HlsConfig> = {
  // Two of nginx's 3 s segments behind the edge; hls.js keeps one more after a stall.
  liveSyncDurationCount: 2,
  // `liveMaxLatencyDuration…` stays unset (but see `edgeOnly`): it would pull a viewer who went back to
  // the edge again.
  liveDurationInfinity: true,
  // Seconds of played video in memory. What is further back comes from the browser's cache.
  backBufferLength: 90,
  // The worker would be another 40 kB of script, and unpacking one stream takes next to nothing.
  enableWorker: false,
}

/** Segments behind the edge from which on a picture that is to be live jumps to it. */
const EDGE_SEGMENTS = 5

export interface PlaybackEvents {
  /** The video can't be loaded at the moment; false when it can again. */
  readonly onTrouble: (trouble: boolean) => void
  readonly onTargetDuration: (seconds: number) => void
}

export interface PlaybackOptions extends PlaybackEvents {
  /** Nobody goes back in it: after a break it goes on at the live edge. */
  readonly edgeOnly?: boolean
}

export interface Playback {
  /** The streamer is back: look at once. */
  resume(): void
  close(): void
}

/** Undefined: this browser can't play HLS at all. */
export function openPlayback(
  video: HTMLVideoElement,
  url: string,
  events: PlaybackOptions,
): Playback | undefined {
  if (Hls.isSupported()) return playWithHlsJs(video, url, events)
  if (video.canPlayType('application/vnd.apple.mpegurl') !== '') return playNatively(video, url, events)
  return undefined
}

function playWithHlsJs(video: HTMLVideoElement, url: string, events: PlaybackOptions): Playback {
  let retry: ReturnType<typeof setTimeout> | undefined
  let recoveredAt = Number.NEGATIVE_INFINITY
  let hls = open()

  function open(): Hls {
    const next = new Hls(events.edgeOnly ? { ...CONFIG, liveMaxLatencyDurationCount: EDGE_SEGMENTS } : CONFIG)
    next.on(Events.LEVEL_UPDATED, (_, { details }) => {
      events.onTrouble(false)
      events.onTargetDuration(details.targetduration)
    })
    // A recording's playlist is not asked for again.
    next.on(Events.FRAG_LOADED, () => events.onTrouble(false))
    next.on(Events.ERROR, (_, { fatal, type }) => {
      if (!fatal) return
      if (type === ErrorTypes.MEDIA_ERROR && performance.now() - recoveredAt > RECOVERY_MS) {
        recoveredAt = performance.now()
        next.recoverMediaError()
        return
      }
      events.onTrouble(true)
      clearTimeout(retry)
      retry = setTimeout(type === ErrorTypes.NETWORK_ERROR ? load : reopen, RETRY_MS)
    })
    next.loadSource(url)
    next.attachMedia(video)
    return next
  }
  /** Goes on where it was, where there is a playlist already. */
  const load = () => (hls.levels.length > 0 ? hls.startLoad() : hls.loadSource(url))
  const reopen = () => {
    hls.destroy()
    hls = open()
  }

  return {
    resume: load,
    close() {
      clearTimeout(retry)
      hls.destroy()
    },
  }
}

function playNatively(video: HTMLVideoElement, url: string, events: PlaybackEvents): Playback {
  let retry: ReturnType<typeof setTimeout> | undefined
  const load = () => {
    clearTimeout(retry)
    video.src = url
    // Whether it may start is known already: it was playing, or the viewer has to press play.
    video.play().catch(() => undefined)
  }
  const onError = () => {
    events.onTrouble(true)
    clearTimeout(retry)
    retry = setTimeout(load, RETRY_MS)
  }
  const onPlaying = () => events.onTrouble(false)
  video.addEventListener('error', onError)
  video.addEventListener('playing', onPlaying)
  video.src = url
  return {
    resume() {
      if (video.error !== null || video.ended) load()
    },
    close() {
      clearTimeout(retry)
      video.removeEventListener('error', onError)
      video.removeEventListener('playing', onPlaying)
      video.removeAttribute('src')
      video.load()
    },
  }
}
