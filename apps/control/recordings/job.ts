// Runs the work for one recording (tasks.ts) step by step: again every 2 s, at once when its stream changes, and with
// growing waits while steps fail. The job ends when this node has nothing more to do for the recording.
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../common/logger.ts'
import { DatabaseUnavailableError } from '../database/deadline.ts'
import type { Stream } from '../domain/stream.ts'
import type { Totals } from './archive.ts'
import type { RecordingTasks } from './tasks.ts'

/** How often it checks for new segments; nginx finishes one about every 3 s. */
const CHECK_MS = 2_000
/** The wait after the first failure; it doubles with each further one, up to the maximum. */
const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 30_000

export interface JobOptions {
  /** The stream as it is when the job starts. */
  readonly stream: Stream
  readonly tasks: RecordingTasks
  readonly logger: Logger
  /** How long steps may fail before the recording fails. */
  readonly patienceMs: number
}

export class RecordingJob implements AsyncDisposable {
  readonly #options: JobOptions
  readonly #stop = new AbortController()
  /** The stream as it was last reported. */
  #stream: Stream
  /** Aborts the step that is running. */
  #step = new AbortController()
  /** Ends the wait between two steps. */
  #wake: () => void = () => {}
  /** Resolves when the job has nothing left to do. */
  done: Promise<void> = Promise.resolve()

  constructor(options: JobOptions) {
    this.#options = options
    this.#stream = options.stream
  }

  start(): void {
    const { logger, stream } = this.#options
    this.done = this.#run().catch((error: unknown) =>
      logger.error({ err: error, stream: stream.id }, 'a recording job failed unexpectedly'),
    )
  }

  /** Figures of what is stored so far; null: not known yet. */
  get totals(): Totals | null {
    return this.#options.tasks.totals
  }

  /** Reports a change of the stream. */
  update(stream: Stream): void {
    this.#stream = stream
    if (stream.recording?.status === 'deleting') this.#step.abort()
    this.#wake()
  }

  /** Reports that the stream is gone from the database: it was deleted, and nothing of it may stay stored. */
  streamIsGone(): void {
    const { recording } = this.#stream
    if (recording === null) return
    this.#step.abort()
    this.update({ ...this.#stream, recording: { ...recording, status: 'deleted' } })
  }

  /** Repeats steps until there is nothing left to do. */
  async #run(): Promise<void> {
    let failingSinceMs: number | null = null
    let waitMs = CHECK_MS
    while (!this.#stop.signal.aborted) {
      this.#step = new AbortController()
      const signal = AbortSignal.any([this.#stop.signal, this.#step.signal])
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      try {
        if (await this.#options.tasks.perform(this.#stream, signal)) return
        failingSinceMs = null
        waitMs = CHECK_MS
      } catch (error) {
        if (signal.aborted) continue
        // An unavailable database must not count as a failure of the storage.
        if (!(error instanceof DatabaseUnavailableError)) {
          waitMs = failingSinceMs === null ? RETRY_FIRST_MS : Math.min(waitMs * 2, RETRY_MAX_MS)
          failingSinceMs ??= performance.now()
          await this.#onFailure(error, performance.now() - failingSinceMs, signal)
        }
      }
      // While steps fail, a change of the stream is no reason to retry sooner.
      const pause = delay(waitMs, undefined, { signal }).catch(() => {})
      await (failingSinceMs === null ? Promise.race([pause, woken]) : pause)
    }
  }

  /** A step failed: it is retried, unless that has failed for too long. */
  async #onFailure(error: unknown, forMs: number, signal: AbortSignal): Promise<void> {
    const { logger, tasks, patienceMs } = this.#options
    const stream = this.#stream
    logger.warn({ err: error, stream: stream.id }, 'recording step failed; retrying')
    await tasks.giveUp(stream, error, forMs >= patienceMs, signal).catch((cause: unknown) => {
      logger.warn(
        { err: cause, stream: stream.id },
        'the failure could not be entered in the database; retrying',
      )
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.done
  }
}
