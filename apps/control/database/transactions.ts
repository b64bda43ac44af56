// The transactions that commit decisions, through mysql2: they are on the streamer's and on every
// viewer's critical path, and Prisma takes several times as long for the same statements
// (docs/decisions/0006-mysql2-in-the-store.md).
import { createPool, type Pool, type PoolConnection } from 'mysql2/promise'
import type { Secret } from '../secret.ts'
import { parseConnectionUrl } from './connection-url.ts'
import { DatabaseUnavailableError, inTime } from './deadline.ts'

const CONNECT_MS = 1_000
const POOL_SIZE = 10
/** Work that waits for a connection; beyond it the database is as good as away. */
const MAX_WAITING = 500

/** A connection inside a transaction. */
export type Transaction = Pick<PoolConnection, 'execute'>

/** Somebody else was faster: the transaction was rolled back, and may be tried again. */
export class WriteConflictError extends Error {
  override name = 'WriteConflictError'
}

const CONFLICTS = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT'])
/** SQLSTATE classes of our own mistakes: data, constraints, syntax. All else means that nobody is there. */
const MISTAKES = /^(21|22|23|42)/

export class Transactions implements AsyncDisposable {
  readonly #pool: Pool

  constructor(url: Secret) {
    const { host, port, socketPath, ...credentials } = parseConnectionUrl(url)
    this.#pool = createPool({
      ...credentials,
      ...(socketPath === undefined ? { host, port } : { socketPath }),
      connectionLimit: POOL_SIZE,
      queueLimit: MAX_WAITING,
      connectTimeout: CONNECT_MS,
      enableKeepAlive: true,
      charset: 'utf8mb4_unicode_ci',
      timezone: 'Z',
    })
    this.#pool.on('connection', (connection) => {
      // Waits in the connection's own line, before whatever it was opened for.
      connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
    })
  }

  /**
   * Runs a transaction (READ COMMITTED). It is rolled back when `work` throws or takes too long.
   * @throws WriteConflictError, DatabaseUnavailableError, and what `work` throws
   */
  async run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    try {
      return await inTime((signal) => this.#run(work, signal))
    } catch (error) {
      throw translate(error)
    }
  }

  async #run<T>(work: (transaction: Transaction) => Promise<T>, signal: AbortSignal): Promise<T> {
    const connection = await this.#pool.getConnection()
    // A server that has frozen never answers: the connection is of no use to anybody any more, and
    // the server rolls back what was open on it.
    const giveUp = () => connection.destroy()
    signal.addEventListener('abort', giveUp)
    try {
      signal.throwIfAborted()
      await connection.query('START TRANSACTION')
      const result = await work(connection)
      await connection.query('COMMIT')
      connection.release()
      return result
    } catch (error) {
      connection.destroy()
      throw error
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end()
  }
}

function translate(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  if (CONFLICTS.has(String(error.code))) return new WriteConflictError(error.message, { cause: error })
  const state = 'sqlState' in error ? String(error.sqlState) : ''
  return MISTAKES.test(state) ? error : new DatabaseUnavailableError(error.message, { cause: error })
}
