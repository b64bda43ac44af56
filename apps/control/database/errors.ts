// Sorts the errors of both drivers: a conflict that may be tried again, the caller's mistake, or a database
// that is unavailable. Conflicts can be retried here.
import pRetry from 'p-retry'
import { DatabaseUnavailableError } from './deadline.ts'

/** Another transaction got in the way: nothing was written, and the caller may try again. */
export class WriteConflictError extends Error {
  override name = 'WriteConflictError'
}

/**
 * Error numbers of conflicts, the same in MySQL and MariaDB. A lock that is not granted in time is none of
 * them: whoever holds it may hold it for longer than any retry.
 */
const CONFLICTS: ReadonlySet<unknown> = new Set([
  /** ER_CHECKREAD: with innodb_snapshot_isolation (MariaDB's default from 11.6.2), a row changed since it was read. */
  1020,
  /** ER_LOCK_DEADLOCK */
  1213,
])
/** SQLSTATE classes of the caller's mistakes: data, constraints, syntax. Any other error means that the database is unavailable. */
const MISTAKES = /^(21|22|23|42)/

/** @param error what a mysql2 call has thrown; returned as it is when it is no error of the server or the connection */
export function translateError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  if ('errno' in error && CONFLICTS.has(error.errno))
    return new WriteConflictError(error.message, { cause: error })
  const state = 'sqlState' in error ? String(error.sqlState) : ''
  return MISTAKES.test(state) ? error : new DatabaseUnavailableError(error.message, { cause: error })
}

/** Pauses between the tries; each is up to twice as long, at random. All of them together take less than a second. */
const PAUSES = { retries: 8, minTimeout: 5, maxTimeout: 100, randomize: true }

/**
 * Repeats `work`, a transaction or a single statement, while others get in its way.
 * @throws DatabaseUnavailableError when they still do after all retries; otherwise what `work` throws
 */
export async function retryConflicts<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await pRetry(work, { ...PAUSES, shouldRetry: ({ error }) => error instanceof WriteConflictError })
  } catch (error) {
    if (!(error instanceof WriteConflictError)) throw error
    throw new DatabaseUnavailableError(error.message, { cause: error })
  }
}
