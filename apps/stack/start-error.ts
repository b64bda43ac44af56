/** A reason why OnAir cannot start, for its user to act on; printed without a stack trace. */
export class StartError extends Error {
  override name = 'StartError'
}
