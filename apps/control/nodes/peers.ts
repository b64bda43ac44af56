// Judges which other nodes are alive from what was read of the table of nodes. Pure: no clock of its own.
//
// A node renews its row every 2 s (RENEW_MS), and the others read the table as often. A node is dead when its
// row has not changed for LEASE_MS, and this node has read the table all that time. Only this node's monotonic
// clock and changes of the row count, so neither a wrong clock nor an outage of the database makes a node dead.
//
// How long a dead node's streams can keep their streamers out, at most: its last renewal may have been made
// just before it died; the lease runs out 12 s later, and the next look is at most 2 s after that. With a
// healthy database that makes 14 s and one statement, and 15 s are promised.
import type { ClockReading } from './database-clock.ts'

/** How long a node may be silent. Longer than a restart of control takes. */
export const LEASE_MS = 12_000
/** How often a node renews its lease and reads those of the others. */
export const RENEW_MS = 2_000
/**
 * Readings further apart than this do not belong together: in between, the database may have been away, or
 * this process frozen. Short enough that the other nodes, too, were cut off for much less than LEASE_MS.
 */
const MAX_GAP_MS = 5_000

export interface NodeRow {
  readonly id: string
  readonly installation: string
  /** Empty when the lease was handed back. */
  readonly incarnation: string
  readonly address: string
  readonly renewedAt: Date
}

export interface TableReading extends ClockReading {
  readonly rows: readonly NodeRow[]
}

export interface Peers {
  readonly alive: readonly string[]
  readonly dead: readonly NodeRow[]
  /** Whether the table has been read for a whole lease. If not, a dead node may still count as alive. */
  readonly isCertain: boolean
}

export const NO_PEERS: Peers = { alive: [], dead: [], isCertain: false }

/** What was read last of each node, and since when it has been so. */
type Seen = ReadonlyMap<string, { readonly state: string; readonly sinceMs: number }>

export class PeerJudge {
  /** The present series of readings: when it began, and its last reading. */
  #series: { readonly sinceMs: number; readonly lastMs: number } | null = null
  #seen: Seen = new Map()

  /** @param reading what a look at the table has found; looks that failed are not told */
  observe({ rows, databaseNow, askedMs, answeredMs }: TableReading): Peers {
    const before = this.#series
    const isNew = before === null || askedMs - before.lastMs > MAX_GAP_MS
    const seen: Seen = isNew ? new Map() : this.#seen
    this.#seen = new Map(
      rows.map((row) => {
        const state = stateOf(row)
        const known = seen.get(row.id)
        if (known?.state === state) return [row.id, known]
        // It has changed since the last reading; the database knows how long ago, unless its clock was set.
        const agoMs = databaseNow.getTime() - row.renewedAt.getTime()
        const longestMs = isNew ? 0 : answeredMs - before.lastMs
        return [row.id, { state, sinceMs: answeredMs - Math.min(Math.max(agoMs, 0), longestMs) }]
      }),
    )
    const sinceMs = isNew ? answeredMs : before.sinceMs
    this.#series = { sinceMs, lastMs: answeredMs }
    const isDead = ({ id }: NodeRow) => askedMs - (this.#seen.get(id)?.sinceMs ?? askedMs) >= LEASE_MS
    return {
      alive: rows.filter((row) => !isDead(row)).map(({ id }) => id),
      dead: rows.filter(isDead),
      isCertain: askedMs - sinceMs >= LEASE_MS,
    }
  }
}

/** A text that differs from the one before whenever the node has shown itself. */
export function stateOf({ incarnation, renewedAt }: NodeRow): string {
  return `${incarnation} ${renewedAt.getTime()}`
}
