// Advice for the streamer when something takes unusually long, a codec can't be played or a limit is near. Pure.
import type { Ingest, Stream } from '../api/shapes.ts'
import { ADVICE, LIMIT_TEXTS } from '../texts/studio-texts.ts'
import { bitrateText, codecProblem } from '../ui/format-ingest.ts'

/** Copying the server and the key into an encoder takes less than a minute. */
const WAITING_MS = 60_000
/** Encoders should send a keyframe every 2 s, and the first 3 s segment starts with one. */
const CONNECTING_MS = 8_000
const RECONNECTING_MS = 10_000
/** Time to say goodbye. */
const ENDS_SOON_MS = 5 * 60_000

export interface Situation {
  readonly stream: Stream
  readonly ingest: Ingest | undefined
  /** How long the stream has been in its status, as far as this page knows. */
  readonly statusAgeMs: number
  /** Bits per second at this moment; undefined: unknown. */
  readonly bitrate?: number | undefined
}

export function advice({ stream, ingest, statusAgeMs, bitrate }: Situation): string | undefined {
  switch (stream.status) {
    case 'waiting':
      return statusAgeMs > WAITING_MS ? ADVICE.refused : undefined
    case 'connecting':
      return codecProblem(ingest) ?? (statusAgeMs > CONNECTING_MS ? connectingAdvice(ingest) : undefined)
    case 'live':
      return codecProblem(ingest) ?? limitWarning(ingest, bitrate)
    case 'reconnecting':
      return statusAgeMs > RECONNECTING_MS ? ADVICE.reconnect : undefined
    case 'ended':
      return undefined
    default:
      return stream.status satisfies never
  }
}

function limitWarning(ingest: Ingest | undefined, bitrate: number | undefined): string | undefined {
  if (ingest?.limits === undefined) return undefined
  const { bitrate: limit, endsAt } = ingest.limits
  if (limit !== null && bitrate !== undefined && bitrate > limit)
    return LIMIT_TEXTS.bitrate(bitrateText(limit))
  const leftMs =
    endsAt === null ? Number.POSITIVE_INFINITY : Date.parse(endsAt) - Date.parse(ingest.measuredAt)
  return leftMs < ENDS_SOON_MS ? LIMIT_TEXTS.endsSoon(Math.max(1, Math.ceil(leftMs / 60_000))) : undefined
}

function connectingAdvice(ingest: Ingest | undefined): string {
  if (ingest === undefined) return ADVICE.noKeyframe
  if (ingest.bytesReceived === null || (ingest.video === null && ingest.audio === null)) return ADVICE.nothing
  return ADVICE.noKeyframe
}
