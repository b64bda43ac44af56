// Advice for the streamer when something takes unusually long or a codec can't be played. Pure.
import type { Ingest, Stream } from '../api/shapes.ts'
import { ADVICE } from '../texts/studio-texts.ts'
import { codecProblem } from './format-ingest.ts'

/** Copying the server and the key into an encoder takes less than a minute. */
const WAITING_MS = 60_000
/** Encoders should send a keyframe every 2 s, and the first 3 s segment starts with one. */
const CONNECTING_MS = 8_000
const RECONNECTING_MS = 10_000

export interface Situation {
  readonly stream: Stream
  readonly ingest: Ingest | undefined
  /** How long the stream has been in its status, as far as this page knows. */
  readonly statusAgeMs: number
}

export function advice({ stream, ingest, statusAgeMs }: Situation): string | undefined {
  switch (stream.status) {
    case 'waiting':
      return statusAgeMs > WAITING_MS ? ADVICE.refused : undefined
    case 'connecting':
      return codecProblem(ingest) ?? (statusAgeMs > CONNECTING_MS ? connectingAdvice(ingest) : undefined)
    case 'live':
      return codecProblem(ingest)
    case 'reconnecting':
      return statusAgeMs > RECONNECTING_MS ? ADVICE.reconnect : undefined
    case 'ended':
      return undefined
    default:
      return stream.status satisfies never
  }
}

function connectingAdvice(ingest: Ingest | undefined): string {
  if (ingest === undefined) return ADVICE.noKeyframe
  if (ingest.bytesReceived === null || (ingest.video === null && ingest.audio === null)) return ADVICE.nothing
  return ADVICE.noKeyframe
}
