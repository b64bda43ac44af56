// The Prisma client and its pool; beside it mysql2 for single statements that run all the time or on a
// critical path. The transactions that commit decisions have connections of their own (transactions.ts).
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import type { Secret } from '../domain/secret.ts'
import { parseConnectionUrl } from './connection-url.ts'
import { ANSWER_MS, DatabaseUnavailableError, inTime } from './deadline.ts'
import { Prisma, PrismaClient } from './generated/client.ts'
import { ConnectionPool } from './pool.ts'

const CONNECT_MS = 1_000
/** What the first query of a process may take; a busy machine needs seconds to start Prisma's engine. */
const OPEN_MS = 20_000
/** A connection whose server has frozen is given up, or the pool would fill with them. */
const SOCKET_IDLE_MS = 5_000
const POOL_SIZE = 10

export type Client = PrismaClient

export class Database implements AsyncDisposable {
  /** For what a bench has shown to be too dear through Prisma (docs/decisions/0006-mysql2-in-the-store.md). */
  readonly sql: ConnectionPool
  readonly #prisma: PrismaClient

  constructor(url: Secret) {
    this.sql = new ConnectionPool(url)
    const { socketPath, host, port, ...credentials } = parseConnectionUrl(url)
    const adapter = new PrismaMariaDb({
      ...credentials,
      ...(socketPath === undefined ? { host, port } : { socketPath }),
      connectionLimit: POOL_SIZE,
      acquireTimeout: ANSWER_MS,
      connectTimeout: CONNECT_MS,
      socketTimeout: SOCKET_IDLE_MS,
      // MySQL 8's default login over an unencrypted connection; mysql2 does the same unasked.
      allowPublicKeyRetrieval: true,
      // One whose number fits the login, so that the driver asks nothing more then: what fails in
      // between, it leaves as an unhandled rejection, which would end the process.
      collation: 'UTF8MB4_UNICODE_CI',
    })
    this.#prisma = new PrismaClient({ adapter, errorFormat: 'minimal' })
  }

  /**
   * Connects, and starts the engine, so that the first answer need not wait for either.
   * @throws DatabaseUnavailableError
   */
  async open(): Promise<void> {
    await this.run((client) => client.$queryRaw`SELECT 1`, OPEN_MS)
  }

  /**
   * Runs one piece of work against the database.
   * @throws DatabaseUnavailableError when it can't be reached or takes longer than `limitMs`, 1.8 s
   */
  async run<T>(work: (client: Client) => Promise<T>, limitMs = ANSWER_MS): Promise<T> {
    try {
      return await inTime(() => work(this.#prisma), limitMs)
    } catch (error) {
      throw isUnavailable(error) ? new DatabaseUnavailableError(messageOf(error), { cause: error }) : error
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

/** Everything but the caller's own mistakes: a driver has dozens of ways to say that nobody is there. */
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
