// The event log: appending events in the transaction that commits their change, reading, and pruning.
import type { ResultSetHeader } from 'mysql2'
import type { Client, Database } from '../database/database.ts'
import type { Prisma } from '../database/generated/client.ts'
import type { Transaction } from '../database/transactions.ts'
import type { EventDraft, FrameType, LoggedEvent } from '../domain/event.ts'

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

/**
 * Appends events and assigns their ids. Call it last in a transaction: from here to the COMMIT it holds
 * the lock of the sequence's row, so that ids rise in commit order. (AUTO_INCREMENT assigns ids in the
 * order of the INSERTs: a reader could pass an id whose transaction commits later, and miss that event.)
 */
export async function appendEvents(
  transaction: Transaction,
  drafts: readonly EventDraft[],
): Promise<LoggedEvent[]> {
  if (drafts.length === 0) return []
  const [{ insertId: head }] = await transaction.execute<ResultSetHeader>(
    'UPDATE event_sequence SET head = LAST_INSERT_ID(head + ?) WHERE id = ?',
    [drafts.length, SEQUENCE_ROW],
  )
  const first = head - drafts.length + 1
  const events = drafts.map((draft, index) => toEvent(first + index, draft))
  await transaction.execute(
    `INSERT INTO events (id, stream_id, type, was_live, created_at, data) VALUES ${events.map(() => '(?, ?, ?, ?, ?, ?)').join(', ')}`,
    events.flatMap(({ id, streamId, type, wasLive, createdAt, data }) => [
      id,
      streamId,
      type,
      wasLive,
      createdAt,
      data,
    ]),
  )
  return events
}

function toEvent(id: number, draft: EventDraft): LoggedEvent {
  const { type, streamId, wasLive, createdAt, body } = draft
  const data = JSON.stringify({ id: String(id), type, createdAt: createdAt.toISOString(), ...body })
  return { id, type, streamId, wasLive, createdAt, data }
}

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
