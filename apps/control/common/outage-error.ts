// The kind of error that an outage causes.

/**
 * An error that an `Outage` (of the database or of nginx) already reports. A caller that gets it need not
 * log it, however often it retries.
 */
export class OutageError extends Error {
  override name = 'OutageError'
}
