// The Prisma client and its pool, with a bound on how long anything may wait for the database.
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import type { Secret } from '../secret.ts'
import { parseConnectionUrl } from './connection-url.ts'
import { Prisma, PrismaClient } from './generated/client.ts'

/** What a hook may take in all (the contract's 503) less what the rest of it needs. */
const ANSWER_MS = 1_800
const CONNECT_MS = 1_000
/** What the first query of a process may take; a busy machine needs seconds to start Prisma's engine. */
const OPEN_MS = 20_000
/** A connection whose server has frozen is given up, or the pool would fill with them. */
const SOCKET_IDLE_MS = 5_000
const POOL_SIZE = 10
/** Deadlock and lock-wait: the transaction was rolled back and may be tried again. */
const WRITE_CONFLICT = 'P2034'
const UNIQUE_VIOLATION = 'P2002'

export type Client = PrismaClient
/** The client inside a transaction. */
export type Transaction = Prisma.TransactionClient

/** The database did not answer, or not in time. What was asked may or may not have happened. */
export class DatabaseUnavailableError extends Error {
  override name = 'DatabaseUnavailableError'
}

export class Database implements AsyncDisposable {
  readonly #prisma: PrismaClient

  constructor(url: Secret) {
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
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => reject(new DatabaseUnavailableError(`no answer within ${limitMs} ms`)),
      limitMs,
    )
    const working = work(this.#prisma)
    // Whoever lost the race must not become an unhandled rejection.
    working.catch(() => {})
    try {
      return await Promise.race([working, late])
    } catch (error) {
      throw isUnavailable(error) ? new DatabaseUnavailableError(messageOf(error), { cause: error }) : error
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * Runs a transaction (READ COMMITTED). It is rolled back when `work` throws.
   * @throws DatabaseUnavailableError as `run` does
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const isolationLevel = Prisma.TransactionIsolationLevel.ReadCommitted
    const options = { isolationLevel, maxWait: ANSWER_MS, timeout: 2 * ANSWER_MS }
    return this.run((client) => client.$transaction(work, options))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#prisma.$disconnect()
  }
}

export function isWriteConflict(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === WRITE_CONFLICT
}

/** Everything but the caller's own mistakes: a driver has dozens of ways to say that nobody is there. */
function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailableError) return false
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    return error.code !== WRITE_CONFLICT && error.code !== UNIQUE_VIOLATION
  }
  return (
    error instanceof Prisma.PrismaClientInitializationError ||
    error instanceof Prisma.PrismaClientUnknownRequestError ||
    (error instanceof Error && error.name === 'DriverAdapterError')
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
