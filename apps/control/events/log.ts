// The event log: appending inside the transaction that makes an event true, and reading it.
import type { ResultSetHeader } from 'mysql2'
import type { Client, Database } from '../database/database.ts'
import type { Prisma } from '../database/generated/client.ts'
import type { Transaction } from '../database/transactions.ts'
import type { EventDraft, FrameType, LoggedEvent } from '../domain/event.ts'

/** Which part of the log somebody reads: one stream's events, or those of all streams that have been live. */
export interface EventFilter {
  readonly streamId: string | null
  /** Null: every type. */
  readonly types: ReadonlySet<FrameType> | null
}

/** The log's ends. An id up to `pruned` is no longer there; `head` is the newest. */
export interface LogBounds {
  readonly head: number
  readonly pruned: number
}

const SEQUENCE_ROW = 1
/** How much of the log one statement removes, so that no writer waits long for its locks. */
const PRUNE_BATCH = 1_000

/**
 * Appends events and gives them their ids. To be called last in a transaction: from here to the
 * COMMIT it holds the sequence's lock, which is what makes ids rise in commit order. (AUTO_INCREMENT
 * gives ids out before the commit, so a reader can pass an id whose row it can't see yet.)
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

  /** Up to `limit` events behind `cursor`, oldest first; without a filter, all of them. */
  async after(cursor: number, limit: number, filter?: EventFilter): Promise<LoggedEvent[]> {
    const { condition, values } = filter === undefined ? EVERYTHING : toCondition(filter)
    // A LIMIT has to be text for MySQL 8's prepared statements.
    const rows = await this.#database.sql.rows<Omit<LoggedEvent, 'wasLive'> & { wasLive: number }>(
      `SELECT id, type, stream_id AS streamId, was_live AS wasLive, created_at AS createdAt, data
       FROM events WHERE id > ? AND ${condition} ORDER BY id LIMIT ?`,
      [cursor, ...values, String(limit)],
    )
    return rows.map((row) => ({ ...row, wasLive: row.wasLive === 1 }))
  }

  /**
   * Removes events from before `oldest`, oldest first, and notes up to where.
   * @returns how many are gone
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

/** The log's ends as a client or a transaction sees them. */
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
  // Another process may have removed more meanwhile.
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
