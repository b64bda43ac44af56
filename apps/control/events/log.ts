// The event log: reading it, and removing what is too old. Appending is in append.ts.
import type { Client, Database } from '../database/database.ts'
import { retryConflicts } from '../database/errors.ts'
import type { LoggedEvent } from '../domain/event.ts'
import type { EventFilter } from './filter.ts'

/** The ends of the log: `head` is the newest id; events with ids up to `pruned` have been removed. */
export interface LogBounds {
  readonly head: number
  readonly pruned: number
}

/** A part of the log, and the log's ends at the same moment. */
export interface LogPage extends LogBounds {
  readonly events: readonly LoggedEvent[]
}

const SEQUENCE_ROW = 1
/** How many events one statement removes, so that it takes a few milliseconds. */
const PRUNE_BATCH = 500

export class EventLog {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** @throws DatabaseUnavailableError */
  async bounds(): Promise<LogBounds> {
    const rows = await this.#database.sql.rows<LogBounds>(
      'SELECT head, pruned FROM event_sequence WHERE id = ?',
      [SEQUENCE_ROW],
    )
    return toBounds(rows)
  }

  /**
   * Up to `limit` events after `cursor`, oldest first; without a filter, of all streams and types. It is one
   * statement, so that events and ends are of the same moment: every event up to `head` was visible then.
   * @throws DatabaseUnavailableError
   */
  async page(cursor: number, limit: number, filter?: EventFilter): Promise<LogPage> {
    const { condition, values } = filter === undefined ? EVERYTHING : toCondition(filter)
    // MySQL 8 accepts the parameter of LIMIT in a prepared statement only as text.
    const rows = await this.#database.sql.rows<PageRow>(
      // The inner LIMIT lets the database stop after a page; a plain join would sort the rest of the log.
      `SELECT s.head, s.pruned, e.* FROM event_sequence s LEFT JOIN (
         SELECT id, type, stream_id AS streamId, was_live AS wasLive, created_at AS createdAt, data
         FROM events WHERE id > ? AND ${condition} ORDER BY id LIMIT ?
       ) e ON e.id <= s.head WHERE s.id = ? ORDER BY e.id`,
      [cursor, ...values, String(limit), SEQUENCE_ROW],
    )
    return { ...toBounds(rows), events: rows.flatMap(toEvents) }
  }

  /**
   * Removes events that are older than `oldest`, oldest first, and stores the newest removed id.
   * @returns how many events were removed
   * @throws DatabaseUnavailableError; what is left then is for the next call
   */
  async prune(oldest: Date): Promise<number> {
    let removed = 0
    for (;;) {
      const batch = await this.#oldest()
      const end = batch.findIndex((event) => event.createdAt >= oldest)
      const last = batch.at(end === -1 ? -1 : end - 1)
      if (last === undefined || end === 0) return removed
      removed += await this.#removeUpTo(last.id)
      if (end !== -1 || batch.length < PRUNE_BATCH) return removed
    }
  }

  #oldest(): Promise<Pick<LoggedEvent, 'id' | 'createdAt'>[]> {
    const sql = 'SELECT id, created_at AS createdAt FROM events ORDER BY id LIMIT ?'
    return this.#database.sql.rows(sql, [String(PRUNE_BATCH)])
  }

  /**
   * The mark comes first: a reader that misses events because they have just been removed can see that.
   * Each is a transaction of its own, in READ COMMITTED, so that neither keeps writers waiting.
   */
  async #removeUpTo(id: number): Promise<number> {
    const { sql } = this.#database
    // Another process may have removed more in the meantime.
    const mark = 'UPDATE event_sequence SET pruned = ? WHERE id = ? AND pruned < ?'
    await retryConflicts(() => sql.change(mark, [id, SEQUENCE_ROW, id]))
    return retryConflicts(() => sql.change('DELETE FROM events WHERE id <= ?', [id]))
  }
}

/** The ends of the log as `client` (Prisma's client or a transaction of it) sees them. */
export async function readBounds(client: Pick<Client, 'eventSequence'>): Promise<LogBounds> {
  const row = await client.eventSequence.findUniqueOrThrow({ where: { id: SEQUENCE_ROW } })
  return { head: Number(row.head), pruned: Number(row.pruned) }
}

function toBounds([row]: readonly LogBounds[]): LogBounds {
  if (row === undefined) throw new Error('the table event_sequence has no row')
  return { head: Number(row.head), pruned: Number(row.pruned) }
}

interface PageRow extends LogBounds {
  /** Null, like everything below, in the only row of a page without events. */
  readonly id: number | null
  readonly type: string
  readonly streamId: string
  readonly wasLive: number
  readonly createdAt: Date
  readonly data: string
}

function toEvents({ id, type, streamId, wasLive, createdAt, data }: PageRow): LoggedEvent[] {
  return id === null ? [] : [{ id, type, streamId, wasLive: wasLive === 1, createdAt, data }]
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
