// The bitrate of the last minutes, from what the service says every other second. Pure.
import type { Ingest } from '../api/shapes.ts'

export interface BitrateSample {
  /** Milliseconds, of the service's clock. */
  readonly at: number
  /** Bits per second since the sample before. */
  readonly bitrate: number
}

export interface IngestHistory {
  readonly latest: Ingest | undefined
  readonly samples: readonly BitrateSample[]
}

export const NO_HISTORY: IngestHistory = { latest: undefined, samples: [] }

export const HISTORY_MS = 3 * 60_000
/** Two answers that share one look at nginx, or nearly, say nothing about the time between. */
const MIN_GAP_MS = 500

/** nginx's own figure is a mean of ten seconds: a drop shows sooner in the bytes that have come in. */
export function reduceIngest(history: IngestHistory, next: Ingest): IngestHistory {
  const { latest, samples } = history
  const at = Date.parse(next.measuredAt)
  const kept = samples.filter((sample) => sample.at > at - HISTORY_MS)
  if (latest === undefined || latest.connectedAt !== next.connectedAt) return { latest: next, samples: kept }
  const ms = at - Date.parse(latest.measuredAt)
  if (ms < MIN_GAP_MS) return ms < 0 ? history : { latest: { ...next, ...stamp(latest) }, samples: kept }
  if (latest.bytesReceived === null || next.bytesReceived === null) return { latest: next, samples: kept }
  const bytes = next.bytesReceived - latest.bytesReceived
  const sample = { at, bitrate: Math.max(0, (bytes * 8_000) / ms) }
  return { latest: next, samples: [...kept, sample] }
}

/** What the next difference is counted from. */
function stamp({ measuredAt, bytesReceived }: Ingest): Pick<Ingest, 'measuredAt' | 'bytesReceived'> {
  return { measuredAt, bytesReceived }
}
