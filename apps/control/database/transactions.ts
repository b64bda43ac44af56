// The transactions that commit decisions. A publisher waits for one before nginx accepts its video, and viewers
// before they see any: so they use mysql2, and have connections of their own, which no other query can occupy.
import type { PoolConnection } from 'mysql2/promise'
import type { Secret } from '../domain/secret.ts'
import { ConnectionPool } from './pool.ts'

/** A connection inside a transaction. */
export type Transaction = Pick<PoolConnection, 'execute'>

export class Transactions implements AsyncDisposable {
  readonly #pool: ConnectionPool

  constructor(url: Secret) {
    // The first statement starts the transaction, which saves the round trip of a BEGIN.
    this.#pool = new ConnectionPool(url, 'SET autocommit = 0')
  }

  /**
   * Runs a transaction (READ COMMITTED). It is rolled back when `work` throws or takes too long.
   * @throws WriteConflictError, DatabaseUnavailableError, and what `work` throws
   */
  run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#pool.use(async (connection) => {
      const result = await work(connection)
      await connection.query('COMMIT')
      return result
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool[Symbol.asyncDispose]()
  }
}
