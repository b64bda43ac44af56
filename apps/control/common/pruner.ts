// Removes entries that are older than their retention: at start, and then regularly.
import type { Logger } from './logger.ts'

const AT_LEAST_EVERY_MS = 60 * 60 * 1_000
const AT_MOST_EVERY_MS = 1_000

export interface PrunerOptions {
  /** What the entries are, for the log: "events". */
  readonly what: string
  /** Removes entries from before `oldest`. @returns how many were removed */
  readonly remove: (oldest: Date) => Promise<number>
  /** Null: nothing is ever removed. */
  readonly maxAgeMs: number | null
  readonly logger: Logger
  readonly now: () => Date
}

export class Pruner implements AsyncDisposable {
  readonly #options: PrunerOptions
  #timer: NodeJS.Timeout | undefined
  #pruning: Promise<void> | null = null

  constructor(options: PrunerOptions) {
    this.#options = options
  }

  /** Prunes now, and then at least once an hour; more often when the retention is short. */
  start(): void {
    const { maxAgeMs } = this.#options
    if (maxAgeMs === null) return
    const everyMs = Math.max(AT_MOST_EVERY_MS, Math.min(AT_LEAST_EVERY_MS, maxAgeMs / 4))
    this.#timer = setInterval(() => this.#pruneOnce(maxAgeMs), everyMs)
    this.#pruneOnce(maxAgeMs)
  }

  /** Never twice at the same time: pruning a long table takes long. */
  #pruneOnce(maxAgeMs: number): void {
    this.#pruning ??= this.#prune(maxAgeMs).finally(() => {
      this.#pruning = null
    })
  }

  async #prune(maxAgeMs: number): Promise<void> {
    const { what, remove, logger, now } = this.#options
    try {
      const removed = await remove(new Date(now().getTime() - maxAgeMs))
      if (removed > 0) logger.info({ what, removed }, 'entries older than their retention were removed')
    } catch (error) {
      logger.warn(
        { err: error, what },
        'entries older than their retention could not be removed; trying again later',
      )
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#pruning
  }
}
