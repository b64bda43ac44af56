// Reports an outage of something that control depends on: once when it begins, every 30 s while it lasts,
// and once when it ends. Everything else that fails because of the outage is logged at debug (logger.ts).
import type { Logger } from './logger.ts'

const REMIND_MS = 30_000
/** A success sooner after a failure than this does not end the outage: some calls may work and others not. */
const STEADY_MS = 1_000

export interface OutageOptions {
  /** What is unreachable, for the log: "the database", "nginx". */
  readonly what: string
  readonly logger: Logger
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicMs?: (() => number) | undefined
}

export class Outage {
  readonly #options: OutageOptions
  readonly #monotonicMs: () => number
  #sinceMs: number | null = null
  #reportedMs = 0
  #failedMs = 0
  #failures = 0

  constructor(options: OutageOptions) {
    this.#options = options
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
  }

  /** An attempt has failed. */
  failed(error: unknown): void {
    const { what, logger } = this.#options
    const nowMs = this.#monotonicMs()
    this.#failures++
    this.#failedMs = nowMs
    if (this.#sinceMs === null) {
      this.#sinceMs = nowMs
      this.#reportedMs = nowMs
      logger.warn({ reason: reasonOf(error) }, `${what} does not answer`)
    } else if (nowMs - this.#reportedMs >= REMIND_MS) {
      this.#reportedMs = nowMs
      const figures = { forS: seconds(nowMs - this.#sinceMs), failures: this.#failures }
      logger.warn({ ...figures, reason: reasonOf(error) }, `${what} still does not answer`)
    }
  }

  /** An attempt has succeeded. */
  succeeded(): void {
    if (this.#sinceMs === null || this.#monotonicMs() - this.#failedMs < STEADY_MS) return
    const { what, logger } = this.#options
    const figures = { afterS: seconds(this.#monotonicMs() - this.#sinceMs), failures: this.#failures }
    logger.warn(figures, `${what} answers again`)
    this.#sinceMs = null
    this.#failures = 0
  }
}

/** One line: the message, and what caused it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, cause } = error
  return cause instanceof Error && cause.message !== message ? `${message}: ${cause.message}` : message
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}
