// The event log: reading it, and removing what is too old. Appending is in append.ts.
import type { Client, Database } from '../database/database.ts'
import type { Prisma } from '../database/generated/client.ts'
import type { FrameType, LoggedEvent } from '../domain/event.ts'

/** Selects one stream's events, or those of all streams that have been live. */
export interface EventFilter {
  readonly streamId: string | null
  /** Null: every type. */
  readonly types: ReadonlySet<FrameType> | null
}

/** The ends of the log: `head` is the newest id; events with ids up to `pruned` have been removed. */
export interface LogBounds {
  readonly head: number
  readonly pruned: number
}

const SEQUENCE_ROW = 1
/** How many events one transaction removes, so that no writer waits long for its locks. */
const PRUNE_BATCH = 1_000

export class EventLog {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async bounds(): Promise<LogBounds> {
    return this.#database.run(readBounds)
  }

  /** Up to `limit` events after `cursor`, oldest first; without a filter, of all streams and types. */
  async after(cursor: number, limit: number, filter?: EventFilter): Promise<LoggedEvent[]> {
    const { condition, values } = filter === undefined ? EVERYTHING : toCondition(filter)
    // MySQL 8 accepts the parameter of LIMIT in a prepared statement only as text.
    const rows = await this.#database.sql.rows<Omit<LoggedEvent, 'wasLive'> & { wasLive: number }>(
      `SELECT id, type, stream_id AS streamId, was_live AS wasLive, created_at AS createdAt, data
       FROM events WHERE id > ? AND ${condition} ORDER BY id LIMIT ?`,
      [cursor, ...values, String(limit)],
    )
    return rows.map((row) => ({ ...row, wasLive: row.wasLive === 1 }))
  }

  /**
   * Removes events that are older than `oldest`, oldest first, and stores the newest removed id.
   * @returns how many events were removed
   */
  async prune(oldest: Date): Promise<number> {
    let removed = 0
    for (;;) {
      const batch = await this.#database.run((client) => client.$transaction((tx) => pruneBatch(tx, oldest)))
      removed += batch
      if (batch < PRUNE_BATCH) return removed
    }
  }
}

/** The ends of the log as `client` (Prisma's client or a transaction of it) sees them. */
export async function readBounds(client: Pick<Client, 'eventSequence'>): Promise<LogBounds> {
  const row = await client.eventSequence.findUniqueOrThrow({ where: { id: SEQUENCE_ROW } })
  return { head: Number(row.head), pruned: Number(row.pruned) }
}

async function pruneBatch(tx: Prisma.TransactionClient, oldest: Date): Promise<number> {
  const rows = await tx.event.findMany({
    orderBy: { id: 'asc' },
    take: PRUNE_BATCH,
    select: { id: true, createdAt: true },
  })
  const end = rows.findIndex((row) => row.createdAt >= oldest)
  const expired = end === -1 ? rows : rows.slice(0, end)
  const last = expired.at(-1)
  if (last === undefined) return 0
  await tx.event.deleteMany({ where: { id: { lte: last.id } } })
  // Another process may have removed more in the meantime.
  await tx.eventSequence.updateMany({
    where: { id: SEQUENCE_ROW, pruned: { lt: last.id } },
    data: { pruned: last.id },
  })
  return expired.length
}

interface Condition {
  readonly condition: string
  readonly values: readonly string[]
}

const EVERYTHING: Condition = { condition: 'TRUE', values: [] }

function toCondition({ streamId, types }: EventFilter): Condition {
  const whose = streamId === null ? 'was_live = TRUE' : 'stream_id = ?'
  const which = types === null ? '' : ` AND type IN (${[...types].map(() => '?').join(', ')})`
  return { condition: whose + which, values: [...(streamId === null ? [] : [streamId]), ...(types ?? [])] }
}
