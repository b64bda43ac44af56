// Removes events that are older than EVENT_RETENTION: at start, and then at least once an hour.
import type { Logger } from '../common/logger.ts'
import type { EventLog } from './log.ts'

const AT_LEAST_EVERY_MS = 60 * 60 * 1_000
const AT_MOST_EVERY_MS = 1_000

export interface RetentionOptions {
  readonly log: EventLog
  readonly logger: Logger
  readonly maxAgeMs: number
  readonly now: () => Date
}

export class Retention implements AsyncDisposable {
  readonly #options: RetentionOptions
  #timer: NodeJS.Timeout | undefined
  #pruning: Promise<void> | null = null

  constructor(options: RetentionOptions) {
    this.#options = options
  }

  /** Prunes now and then regularly. */
  start(): void {
    const everyMs = Math.max(AT_MOST_EVERY_MS, Math.min(AT_LEAST_EVERY_MS, this.#options.maxAgeMs / 4))
    this.#timer = setInterval(() => this.#pruneOnce(), everyMs)
    this.#pruneOnce()
  }

  /** Never twice at the same time: pruning a long log takes long. */
  #pruneOnce(): void {
    this.#pruning ??= this.#prune().finally(() => {
      this.#pruning = null
    })
  }

  async #prune(): Promise<void> {
    const { log, logger, maxAgeMs, now } = this.#options
    try {
      const removed = await log.prune(new Date(now().getTime() - maxAgeMs))
      if (removed > 0) logger.info({ removed }, 'old events were removed')
    } catch (error) {
      logger.warn({ err: error }, 'old events could not be removed; retrying later')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#pruning
  }
}
