// The bitrate over the last minutes, from the ingest measurements read every two seconds. Pure.
import type { Ingest } from '../api/shapes.ts'

export interface BitrateSample {
  /** Milliseconds since 1970 by the service's clock. */
  readonly at: number
  /** Mean bits per second since the previous measurement. */
  readonly bitrate: number
}

export interface IngestHistory {
  readonly latest: Ingest | undefined
  /** Oldest first, at most HISTORY_MS old. */
  readonly samples: readonly BitrateSample[]
}

export const NO_HISTORY: IngestHistory = { latest: undefined, samples: [] }

export const HISTORY_MS = 3 * 60_000
/** Measurements closer together than this give no meaningful bitrate; they may even be the same one. */
const MIN_INTERVAL_MS = 500

/** Bitrates are computed from byte counts: nginx's own bitrate is a mean of ten seconds, so it drops late. */
export function reduceIngest(history: IngestHistory, next: Ingest): IngestHistory {
  const { latest, samples } = history
  const at = Date.parse(next.measuredAt)
  const recent = samples.filter((sample) => sample.at > at - HISTORY_MS)
  if (latest === undefined || latest.connectedAt !== next.connectedAt)
    return { latest: next, samples: recent }
  const ms = at - Date.parse(latest.measuredAt)
  if (ms < MIN_INTERVAL_MS)
    return ms < 0 ? history : { latest: { ...next, ...baseline(latest) }, samples: recent }
  if (latest.bytesReceived === null || next.bytesReceived === null) return { latest: next, samples: recent }
  const bytes = next.bytesReceived - latest.bytesReceived
  const sample = { at, bitrate: Math.max(0, (bytes * 8_000) / ms) }
  return { latest: next, samples: [...recent, sample] }
}

/** The values that the next bitrate is computed from. */
function baseline({ measuredAt, bytesReceived }: Ingest): Pick<Ingest, 'measuredAt' | 'bytesReceived'> {
  return { measuredAt, bytesReceived }
}
