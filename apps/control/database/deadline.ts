// The time limit of every database call, and the error for a database that does not answer within it.
import { OutageError } from '../common/outage-error.ts'

/** A hook must answer within 2 s, if need be with 503. The rest of its work may take 0.2 s of that. */
export const ANSWER_MS = 1_800

/** The database cannot be reached or did not answer in time. A requested change may or may not have been made. */
export class DatabaseUnavailableError extends OutageError {
  override name = 'DatabaseUnavailableError'
}

/**
 * Runs `work` for at most `ms`; after that its `signal` is aborted and its result is ignored.
 * @throws DatabaseUnavailableError when `ms` have passed; otherwise what `work` throws
 */
export async function inTime<T>(work: (signal: AbortSignal) => Promise<T>, ms = ANSWER_MS): Promise<T> {
  const abort = new AbortController()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new DatabaseUnavailableError(`no answer within ${ms} ms`)
    abort.abort(error)
    reject(error)
  }, ms)
  const working = work(abort.signal)
  // A failure of `work` after the time limit must not become an unhandled rejection.
  working.catch(() => {})
  try {
    return await Promise.race([working, late])
  } finally {
    clearTimeout(timer)
  }
}
