// The database's clock, as this node reads it. Times that several nodes compare (deadlines, expiries, event
// times) are written in it, because the clocks of two machines may differ by minutes. Between two readings it
// goes on with the monotonic clock, so a change of this machine's clock has no effect.
import type { Logger } from '../common/logger.ts'

/** A difference above this is reported. */
const REPORTED_MS = 1_000
/** The database states whole milliseconds, rounded down. */
const PRECISION_MS = 1
/** A slower answer says too little about the difference to report it. */
const SLOW_MS = 500

/** One reading of the database's clock, with the monotonic times before and after it, in milliseconds. */
export interface ClockReading {
  readonly databaseNow: Date
  readonly askedMs: number
  readonly answeredMs: number
}

export interface DatabaseClockOptions {
  readonly logger: Logger
  /** A monotonic clock, in milliseconds. */
  readonly monotonicMs?: (() => number) | undefined
  /** This machine's clock, in milliseconds since 1970. */
  readonly systemMs?: (() => number) | undefined
}

export class DatabaseClock {
  readonly #logger: Logger
  readonly #monotonicMs: () => number
  readonly #systemMs: () => number
  /** The database's time minus the monotonic clock's; null before the first reading. */
  #offsetMs: number | null = null
  /** The difference that was reported last. */
  #reportedMs = 0

  constructor(options: DatabaseClockOptions) {
    this.#logger = options.logger
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
    this.#systemMs = options.systemMs ?? Date.now
  }

  /** The time by the database's clock; before the first reading, by this machine's. */
  readonly now = (): Date =>
    new Date(this.#offsetMs === null ? this.#systemMs() : this.#monotonicMs() + this.#offsetMs)

  /** How far this machine's clock is ahead of the database's; negative when it is behind. */
  get systemOffsetMs(): number {
    return this.#systemMs() - this.now().getTime()
  }

  /**
   * Takes in a reading. The database read its clock at some moment between question and answer, so a reading
   * only gives bounds. While the present offset lies within them it stays, and slow answers do no harm.
   */
  observe({ databaseNow, askedMs, answeredMs }: ClockReading): void {
    const lowest = databaseNow.getTime() - answeredMs
    const highest = databaseNow.getTime() + PRECISION_MS - askedMs
    this.#offsetMs =
      this.#offsetMs === null ? (lowest + highest) / 2 : Math.min(Math.max(this.#offsetMs, lowest), highest)
    if (answeredMs - askedMs <= SLOW_MS) this.#report()
  }

  /** Once for each change: clocks that differ do no harm here, but they do elsewhere, and nobody may know. */
  #report(): void {
    const differenceMs = this.systemOffsetMs
    if (Math.abs(differenceMs - this.#reportedMs) <= REPORTED_MS) return
    const isWrong = Math.abs(differenceMs) > REPORTED_MS
    this.#reportedMs = isWrong ? differenceMs : 0
    const offsetS = Math.round(differenceMs / 100) / 10
    if (isWrong)
      this.#logger.warn(
        { offsetS },
        'this machine’s clock differs from the database’s, which is used instead',
      )
    else this.#logger.info({ offsetS }, 'this machine’s clock agrees with the database’s again')
  }
}
