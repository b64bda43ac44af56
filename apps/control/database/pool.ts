// A pool of mysql2 connections, for statements that run often or on a critical path: through Prisma the same
// statements take several times as long (docs/decisions/0006-mysql2-in-the-store.md).
import {
  createPool,
  type Pool,
  type PoolConnection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise'
import type { Secret } from '../domain/secret.ts'
import { parseConnectionUrl } from './connection-url.ts'
import { DatabaseUnavailableError, inTime } from './deadline.ts'

const READ_COMMITTED = 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED'
const CONNECT_MS = 1_000
const POOL_SIZE = 10
/** How many calls may wait for a connection; beyond that the database counts as unavailable. */
const MAX_WAITING = 500

/** A deadlock with another transaction, or a wait for its lock: nothing was written; the caller may try again. */
export class WriteConflictError extends Error {
  override name = 'WriteConflictError'
}

const CONFLICTS = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT'])
/**
 * SQLSTATE classes of the caller's mistakes: data, constraints, syntax. Any other error means that the database
 * is unavailable.
 */
const MISTAKES = /^(21|22|23|42)/

export type Value = string | number | boolean | Date | Uint8Array | null

export class ConnectionPool implements AsyncDisposable {
  readonly #pool: Pool

  /** @param atOpen statements that run first on each new connection */
  constructor(url: Secret, ...atOpen: readonly string[]) {
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
      // The connection runs its statements in order, so these come before the caller's.
      for (const sql of [READ_COMMITTED, ...atOpen]) connection.query(sql)
    })
  }

  /**
   * Runs `work` with a connection (READ COMMITTED), which is closed when `work` throws or takes too long.
   * @throws WriteConflictError, DatabaseUnavailableError, and what `work` throws
   */
  async use<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    try {
      return await inTime((signal) => this.#use(work, signal))
    } catch (error) {
      throw translate(error)
    }
  }

  /**
   * Runs one SELECT; booleans come back as 0 and 1.
   * @throws DatabaseUnavailableError
   */
  rows<T extends object>(sql: string, values: readonly Value[]): Promise<T[]> {
    return this.use(async (connection) => {
      const [rows] = await connection.execute<(T & RowDataPacket)[]>(sql, [...values])
      return rows
    })
  }

  /**
   * Runs one statement that changes rows.
   * @returns how many rows its condition matched
   * @throws WriteConflictError, DatabaseUnavailableError
   */
  change(sql: string, values: readonly Value[]): Promise<number> {
    return this.use(async (connection) => {
      const [{ affectedRows }] = await connection.execute<ResultSetHeader>(sql, [...values])
      return affectedRows
    })
  }

  async #use<T>(work: (connection: PoolConnection) => Promise<T>, signal: AbortSignal): Promise<T> {
    const connection = await this.#pool.getConnection()
    // A frozen server may never answer on this connection, so nobody can use it again. When it is
    // closed, the server rolls back its open transaction.
    const giveUp = () => connection.destroy()
    signal.addEventListener('abort', giveUp)
    try {
      signal.throwIfAborted()
      const result = await work(connection)
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
