// The kind of error that an outage causes.

/**
 * An error that somebody else reports: an `Outage` of the database or of nginx. Whoever runs into it need
 * not log it again, however often they retry.
 */
export class OutageError extends Error {
  override name = 'OutageError'
}
