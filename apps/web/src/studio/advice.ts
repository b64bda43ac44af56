// What to do when a status stays as it is: one sentence for the streamer, or none yet. Pure.
import type { Ingest, Stream } from '../api/shapes.ts'
import { codecTrouble } from './ingest-texts.ts'
import { ADVICE } from './studio-texts.ts'

/** A minute is enough to paste a key. */
const WAITING_MS = 60_000
/** The first segment is there 3 s after a keyframe, and encoders send one every 2 s when set so. */
const CONNECTING_MS = 8_000
const RECONNECTING_MS = 10_000

export interface Situation {
  readonly stream: Stream
  readonly ingest: Ingest | undefined
  /** How long it has been in this status, as far as this page knows. */
  readonly forMs: number
}

export function advice({ stream, ingest, forMs }: Situation): string | undefined {
  switch (stream.status) {
    case 'waiting':
      return forMs > WAITING_MS ? ADVICE.refused : undefined
    case 'connecting':
      return codecTrouble(ingest) ?? (forMs > CONNECTING_MS ? connecting(ingest) : undefined)
    case 'live':
      return codecTrouble(ingest)
    case 'reconnecting':
      return forMs > RECONNECTING_MS ? ADVICE.reconnect : undefined
    case 'ended':
      return undefined
    default:
      return stream.status satisfies never
  }
}

function connecting(ingest: Ingest | undefined): string {
  if (ingest === undefined) return ADVICE.noKeyframe
  if (ingest.bytesReceived === null || (ingest.video === null && ingest.audio === null)) return ADVICE.nothing
  return ADVICE.noKeyframe
}
