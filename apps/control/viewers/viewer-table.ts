// The table in which control processes share their viewer counts, and the statements on it.
import { nanoid } from 'nanoid'
import type { Database } from '../database/database.ts'
import { retryConflicts } from '../database/errors.ts'
import type { Statement, Transactions } from '../database/transactions.ts'

/** A process that has not confirmed its rows for three rounds is dead, and its viewers have left. */
const STALE_S = 15
/** When the rows of a dead process are removed. */
const ABANDONED_S = 120
const ROWS_PER_STATEMENT = 500

export type Counts = ReadonlyMap<string, number>

export class ViewerTable {
  readonly #database: Database
  readonly #transactions: Transactions
  readonly #processId = nanoid()

  constructor(database: Database, transactions: Transactions) {
    this.#database = database
    this.#transactions = transactions
  }

  /** Replaces the counts that this process has written before. @throws DatabaseUnavailableError */
  async write(counts: Counts): Promise<void> {
    const rows = [...counts]
    const pages = Array.from({ length: Math.ceil(rows.length / ROWS_PER_STATEMENT) }, (_, page) =>
      this.#inserting(rows.slice(page * ROWS_PER_STATEMENT, (page + 1) * ROWS_PER_STATEMENT)),
    )
    const removing = { sql: 'DELETE FROM viewers WHERE process_id = ?', values: [this.#processId] }
    await retryConflicts(() => this.#transactions.run([removing, ...pages]))
  }

  #inserting(rows: readonly (readonly [streamId: string, viewers: number])[]): Statement {
    const tuples = rows.map(() => '(?, ?, ?, UTC_TIMESTAMP(3))').join(', ')
    return {
      sql: `INSERT INTO viewers (process_id, stream_id, viewers, seen_at) VALUES ${tuples}`,
      values: rows.flatMap(([streamId, viewers]) => [this.#processId, streamId, viewers]),
    }
  }

  /** Marks the counts that were written last as still valid. */
  async confirm(): Promise<void> {
    await this.#database.run(
      (client) =>
        client.$executeRaw`UPDATE viewers SET seen_at = UTC_TIMESTAMP(3) WHERE process_id = ${this.#processId}`,
    )
  }

  /** The viewers at all other processes, by stream. */
  async elsewhere(): Promise<Counts> {
    const rows = await this.#database.sql.rows<{ streamId: string; viewers: number }>(
      `SELECT stream_id AS streamId, CAST(SUM(viewers) AS UNSIGNED) AS viewers FROM viewers
       WHERE process_id <> ? AND seen_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND GROUP BY stream_id`,
      [this.#processId, STALE_S],
    )
    return new Map(rows.map(({ streamId, viewers }) => [streamId, Number(viewers)]))
  }

  async removeAbandoned(): Promise<void> {
    await this.#database.run(
      (client) => client.$executeRaw`
        DELETE FROM viewers WHERE seen_at < UTC_TIMESTAMP(3) - INTERVAL ${ABANDONED_S} SECOND`,
    )
  }
}
