// Plays the HLS playlist of a live stream or a recording in a <video>, with hls.js if the browser has Media
// Source Extensions, otherwise with the browser's own HLS. It retries for as long as it is open: playlists
// appear late, stop while the streamer is disconnected, and servers restart.
import Hls, { ErrorTypes, Events, type HlsConfig } from 'hls.js/light'

const RETRY_MS = 2_000
/** After a second media error within this time, playback is opened again: recovering did not help. */
const RECOVERY_MS = 5_000

const CONFIG: Partial<HlsConfig> = {
  // Start two target durations behind the live edge. hls.js falls back further after a stall.
  liveSyncDurationCount: 2,
  // `liveMaxLatencyDuration…` is not set here (see `followLiveEdge`): it would move a viewer who has
  // rewound to the live edge.
  liveDurationInfinity: true,
  // Seconds of played video to keep in memory. Older video comes from the browser's cache.
  backBufferLength: 90,
  // The worker would add 40 kB of script, and demuxing one stream takes little time.
  enableWorker: false,
}

/** With `followLiveEdge`: the latency, in target durations, above which playback jumps to the live edge. */
const MAX_LATENCY_DURATIONS = 5

export interface PlaybackEvents {
  /** True: the video can't be loaded at the moment. False: it can be loaded again. */
  readonly onLoadError: (failing: boolean) => void
  /** Seconds. */
  readonly onTargetDuration: (seconds: number) => void
}

export interface PlaybackOptions extends PlaybackEvents {
  /** Always stay near the live edge; for video that nobody can rewind. */
  readonly followLiveEdge?: boolean
}

export interface Playback {
  /** Load at once instead of waiting for the next retry; for when the streamer has reconnected. */
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
    const next = new Hls(
      events.followLiveEdge ? { ...CONFIG, liveMaxLatencyDurationCount: MAX_LATENCY_DURATIONS } : CONFIG,
    )
    next.on(Events.LEVEL_UPDATED, (_, { details }) => {
      events.onLoadError(false)
      events.onTargetDuration(details.targetduration)
    })
    // The playlist of a recording is loaded only once, so its recovery shows in the segments.
    next.on(Events.FRAG_LOADED, () => events.onLoadError(false))
    next.on(Events.ERROR, (_, { fatal, type }) => {
      if (!fatal) return
      if (type === ErrorTypes.MEDIA_ERROR && performance.now() - recoveredAt > RECOVERY_MS) {
        recoveredAt = performance.now()
        next.recoverMediaError()
        return
      }
      events.onLoadError(true)
      clearTimeout(retry)
      retry = setTimeout(type === ErrorTypes.NETWORK_ERROR ? load : reopen, RETRY_MS)
    })
    next.loadSource(url)
    next.attachMedia(video)
    return next
  }
  /** Continues at the current position once a playlist has been loaded. */
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
    // A refusal to autoplay was already handled when playback first started.
    video.play().catch(() => undefined)
  }
  const onError = () => {
    events.onLoadError(true)
    clearTimeout(retry)
    retry = setTimeout(load, RETRY_MS)
  }
  const onPlaying = () => events.onLoadError(false)
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
