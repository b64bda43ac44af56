// The transactions that commit decisions. A streamer's admission and the first picture of every viewer wait
// for them: they use mysql2, and connections of their own, so that no query for a reader delays them.
import type { ResultSetHeader } from 'mysql2'
import type { Outage } from '../common/outage.ts'
import type { Secret } from '../domain/secret.ts'
import { ConnectionPool, type Value } from './pool.ts'

export interface Statement {
  /** With a `?` for each of `values`. */
  readonly sql: string
  readonly values: readonly Value[]
}

/**
 * - Values are escaped here and not by the server. That depends on the SQL mode, so the mode is set.
 * - A lock that is not granted within a second makes the transaction fail, so that the caller can still
 *   answer within its 2 s.
 * - The server closes a connection that has stopped in the middle of a transaction. Only one whose client
 *   vanished before it heard of an error can be in that state. MySQL knows no limit for such connections
 *   but the one for all that are idle; the pool closes those earlier (`IDLE_MS`).
 */
const SESSION = `SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 1
  /*M!100300 , idle_transaction_timeout = 2 */ /*!80000 , wait_timeout = 60 */`

export class Transactions implements AsyncDisposable {
  readonly #pool: ConnectionPool

  constructor(url: Secret, outage?: Outage) {
    this.#pool = new ConnectionPool(url, { multipleStatements: true, atOpen: [SESSION], outage })
  }

  /**
   * Runs statements as one transaction (READ COMMITTED); when one fails, none has an effect. All of them
   * and the COMMIT are one message to the server, so that no lock is ever held while the server waits
   * for this process or for the network between them.
   * @returns what each statement has changed
   * @throws WriteConflictError, DatabaseUnavailableError, and a mistake in a statement as mysql2 reports it
   */
  run(statements: readonly Statement[]): Promise<ResultSetHeader[]> {
    const texts = ['START TRANSACTION', ...statements.map(({ sql }) => sql), 'COMMIT']
    const values = statements.flatMap((statement) => statement.values)
    return this.#pool.use(async (connection) => {
      const [results] = await connection.query<ResultSetHeader[]>(texts.join(';\n'), values)
      return results.slice(1, -1)
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool[Symbol.asyncDispose]()
  }
}
