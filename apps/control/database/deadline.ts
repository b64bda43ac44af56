// A bound on how long anything may wait for the database, and the one error for when it is over.

/** What a hook may take in all (the contract's 503) less what the rest of it needs. */
export const ANSWER_MS = 1_800

/** The database did not answer, or not in time. What was asked may or may not have happened. */
export class DatabaseUnavailableError extends Error {
  override name = 'DatabaseUnavailableError'
}

/**
 * Runs `work`, which is told by `signal` when nobody waits for it any more.
 * @throws DatabaseUnavailableError when `ms` are over; otherwise what `work` throws
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
  // Whoever lost the race must not become an unhandled rejection.
  working.catch(() => {})
  try {
    return await Promise.race([working, late])
  } finally {
    clearTimeout(timer)
  }
}
