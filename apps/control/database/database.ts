// The database for reading and for single statements: Prisma's client with its pool, and a mysql2 pool for
// statements that run often or on a critical path. Transactions have connections of their own (transactions.ts).
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import type { Outage } from '../common/outage.ts'
import type { Secret } from '../domain/secret.ts'
import { ANSWER_MS, DatabaseUnavailableError, inTime } from './deadline.ts'
import { mariadbOptions } from './drivers.ts'
import { Prisma, PrismaClient } from './generated/client.ts'
import { ConnectionPool } from './pool.ts'

const CONNECT_MS = 1_000
/** Time limit of the first query: on a busy machine Prisma's engine takes seconds to start. */
const OPEN_MS = 20_000
/** A connection to a frozen server is closed after this time; otherwise such connections would fill the pool. */
const SOCKET_IDLE_MS = 5_000
const POOL_SIZE = 10
/**
 * Unused connections that are kept. The driver's default is the pool's size, and because unused ones are closed after
 * SOCKET_IDLE_MS, an idle process would log in to the database twice a second for ever.
 */
const SPARE = 1

export type Client = PrismaClient

export class Database implements AsyncDisposable {
  /** For statements that the bench showed to be too slow through Prisma (docs/decisions/0006-mysql2-in-the-store.md). */
  readonly sql: ConnectionPool
  readonly #prisma: PrismaClient
  readonly #outage: Outage | undefined

  constructor(url: Secret, outage?: Outage) {
    this.#outage = outage
    this.sql = new ConnectionPool(url, { outage })
    const adapter = new PrismaMariaDb({
      ...mariadbOptions(url),
      connectionLimit: POOL_SIZE,
      minimumIdle: SPARE,
      acquireTimeout: ANSWER_MS,
      connectTimeout: CONNECT_MS,
      socketTimeout: SOCKET_IDLE_MS,
      // The number of this collation fits into the login packet. For others the driver sends one more
      // query after the login, and leaves its failure as an unhandled rejection, which ends the process.
      collation: 'UTF8MB4_UNICODE_CI',
    })
    this.#prisma = new PrismaClient({ adapter, errorFormat: 'minimal' })
  }

  /**
   * Connects and starts Prisma's engine, so that the first request does not have to wait for them.
   * @throws DatabaseUnavailableError
   */
  async open(): Promise<void> {
    await this.run((client) => client.$queryRaw`SELECT 1`, OPEN_MS)
  }

  /**
   * Runs `work` with Prisma's client.
   * @throws DatabaseUnavailableError when the database cannot be reached or takes longer than `limitMs` (default 1.8 s)
   */
  async run<T>(work: (client: Client) => Promise<T>, limitMs = ANSWER_MS): Promise<T> {
    try {
      const result = await inTime(() => work(this.#prisma), limitMs)
      this.#outage?.succeeded()
      return result
    } catch (cause) {
      const error = isUnavailable(cause) ? new DatabaseUnavailableError(messageOf(cause), { cause }) : cause
      if (error instanceof DatabaseUnavailableError) this.#outage?.failed(error)
      throw error
    }
  }

  /** Resolves when the database answers. @throws DatabaseUnavailableError */
  async ping(): Promise<void> {
    await this.run((client) => client.$queryRaw`SELECT 1`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#prisma.$disconnect(), this.sql[Symbol.asyncDispose]()])
  }
}

/** True for all errors but a query that Prisma rejects as invalid: drivers have dozens of codes for an unreachable server. */
function isUnavailable(error: unknown): boolean {
  return (
    error instanceof Prisma.PrismaClientKnownRequestError ||
    error instanceof Prisma.PrismaClientInitializationError ||
    error instanceof Prisma.PrismaClientUnknownRequestError ||
    (error instanceof Error && error.name === 'DriverAdapterError')
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
