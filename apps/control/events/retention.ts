// Removes events that are older than EVENT_RETENTION, once an hour.
import type { Logger } from '../logger.ts'
import type { EventLog } from './log.ts'

const EVERY_MS = 60 * 60 * 1_000

export interface RetentionOptions {
  readonly log: EventLog
  readonly logger: Logger
  readonly maxAgeMs: number
  readonly now: () => Date
}

export class Retention implements AsyncDisposable {
  readonly #options: RetentionOptions
  readonly #timer: NodeJS.Timeout
  #pruning: Promise<void> = Promise.resolve()

  constructor(options: RetentionOptions) {
    this.#options = options
    this.#timer = setInterval(() => {
      this.#pruning = this.#prune()
    }, EVERY_MS)
  }

  async #prune(): Promise<void> {
    const { log, logger, maxAgeMs, now } = this.#options
    try {
      const removed = await log.prune(new Date(now().getTime() - maxAgeMs))
      if (removed > 0) logger.info({ removed }, 'old events were removed')
    } catch (error) {
      logger.warn({ err: error }, 'old events could not be removed; trying again in an hour')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#pruning
  }
}
