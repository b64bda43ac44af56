// A pool of mysql2 connections, for statements that run often or on a critical path: through Prisma the same
// statements take several times as long (docs/decisions/0006-mysql2-in-the-store.md).
import type { Socket } from 'node:net'
import type { PoolConnection as CoreConnection } from 'mysql2'
import {
  createPool,
  type Pool,
  type PoolConnection,
  type PoolOptions,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise'
import type { Outage } from '../common/outage.ts'
import type { Secret } from '../domain/secret.ts'
import { DatabaseUnavailableError, inTime } from './deadline.ts'
import { mysql2Options } from './drivers.ts'
import { translateError } from './errors.ts'

const READ_COMMITTED = 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED'
const CONNECT_MS = 1_000
const POOL_SIZE = 10
/** How many calls may wait for a connection; beyond that the database counts as unavailable. */
const MAX_WAITING = 500
/** A connection whose answer takes longer than this is closed: its server is frozen or cut off. */
const STUCK_MS = 3_000
/** An unused connection is closed after this time, before a server or a firewall in between does it. */
const IDLE_MS = 30_000

export type Value = string | number | boolean | Date | Uint8Array | null

export interface ConnectionPoolOptions {
  readonly multipleStatements?: boolean
  /** Statements that run first on each new connection. */
  readonly atOpen?: readonly string[]
  /** Told of each call that fails because the database is unavailable, and of each one that does not. */
  readonly outage?: Outage | undefined
}

export class ConnectionPool implements AsyncDisposable {
  readonly #pool: Pool
  readonly #inUse = new Set<PoolConnection>()
  readonly #outage: Outage | undefined

  constructor(url: Secret, { multipleStatements = false, atOpen = [], outage }: ConnectionPoolOptions = {}) {
    this.#outage = outage
    this.#pool = createPool({
      ...mysql2Options(url),
      multipleStatements,
      connectionLimit: POOL_SIZE,
      queueLimit: MAX_WAITING,
      connectTimeout: CONNECT_MS,
      idleTimeout: IDLE_MS,
      // mysql2 closes unused connections only when `maxIdle` is below the limit.
      maxIdle: POOL_SIZE - 1,
      enableKeepAlive: true,
      charset: 'utf8mb4_unicode_ci',
      timezone: 'Z',
    } satisfies PoolOptions)
    this.#pool.on('connection', (opened) => {
      // The event brings the connection of mysql2's callback API, whatever the type says. It runs its
      // statements in order, so these come before the caller's; without them it must not be used.
      const connection = opened as unknown as CoreConnection
      for (const sql of [READ_COMMITTED, ...atOpen]) {
        connection.query(sql, (error) => {
          if (error) socketOf(connection).destroy()
        })
      }
    })
  }

  /**
   * Runs `work`, a single call to the server, with a connection (READ COMMITTED). When `work` throws, the
   * connection is closed; when it takes too long, the connection serves nobody else until it has ended.
   * @throws WriteConflictError, DatabaseUnavailableError, and what `work` throws
   */
  async use<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    try {
      const result = await inTime((signal) => this.#use(work, signal))
      this.#outage?.succeeded()
      return result
    } catch (cause) {
      const error = translateError(cause)
      if (error instanceof DatabaseUnavailableError) this.#outage?.failed(error)
      throw error
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
    const connection = await this.#connect()
    // The caller stopped waiting. The connection is good: closing it would make an overloaded server
    // open another one for each call that has waited too long.
    if (signal.aborted) {
      connection.release()
      throw signal.reason
    }
    this.#inUse.add(connection)
    // Not at the caller's time limit: the server may still be busy with the statement, and a new
    // connection for each of those would multiply its load. So it never has more than the pool's.
    const stuck = setTimeout(() => socketOf(connection.connection).destroy(), STUCK_MS)
    try {
      const result = await work(connection)
      connection.release()
      return result
    } catch (error) {
      // The server rolls back what was open on it.
      connection.destroy()
      throw error
    } finally {
      clearTimeout(stuck)
      this.#inUse.delete(connection)
    }
  }

  /** @throws DatabaseUnavailableError when no connection can be opened, or too many calls wait for one */
  async #connect(): Promise<PoolConnection> {
    try {
      return await this.#pool.getConnection()
    } catch (error) {
      throw new DatabaseUnavailableError((error as Error).message, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await inTime(() => this.#pool.end())
    } catch {
      // A frozen server does not answer the goodbye.
    }
    for (const connection of this.#inUse) socketOf(connection.connection).destroy()
  }
}

/** `destroy` of mysql2 only closes its own side, so that a socket to a frozen server would stay open. */
function socketOf(connection: object): Socket {
  return (connection as { readonly stream: Socket }).stream
}
