// Deletes finished recordings that are older than RECORDINGS_MAX_AGE, and the oldest ones while all together
// have more than RECORDINGS_MAX_BYTES.
import { filter, interval, merge, type Subscription, startWith } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { StreamService } from '../streams/service.ts'
import type { FinishedRecording, RecordingQueries } from './recording-queries.ts'

const MAX_INTERVAL_MS = 60_000
const MIN_INTERVAL_MS = 1_000

export interface RecordingRetentionOptions {
  readonly queries: RecordingQueries
  readonly streams: StreamService
  readonly logger: Logger
  readonly nodeId: string
  readonly maxAgeMs: number | null
  readonly maxBytes: number | null
  /** Bytes of the recordings that this node is working on. */
  readonly activeBytes: () => number
  readonly now: () => Date
}

export class RecordingRetention implements AsyncDisposable {
  readonly #options: RecordingRetentionOptions
  #triggers: Subscription | null = null
  #running: Promise<void> | null = null

  constructor(options: RecordingRetentionOptions) {
    this.#options = options
  }

  start(): void {
    const { streams, maxAgeMs, maxBytes } = this.#options
    if (maxAgeMs === null && maxBytes === null) return
    const everyMs = Math.max(MIN_INTERVAL_MS, Math.min(MAX_INTERVAL_MS, (maxAgeMs ?? Infinity) / 4))
    const finished$ = streams.changes$.pipe(
      filter(({ events }) => events.some(({ type }) => type.startsWith('recording.'))),
    )
    this.#triggers = merge(interval(everyMs), finished$)
      .pipe(startWith(null))
      .subscribe(() => this.#check())
  }

  #check(): void {
    this.#running ??= this.#deleteOld().finally(() => {
      this.#running = null
    })
  }

  async #deleteOld(): Promise<void> {
    const { queries, streams, logger } = this.#options
    try {
      for (const { streamId } of this.#tooOldOrTooLarge(await queries.finished())) {
        await streams.submit(streamId, { kind: 'recording-delete-requested' })
        logger.info(
          { stream: streamId },
          'deleting a recording: it is too old, or all recordings together are too large',
        )
      }
    } catch (error) {
      logger.warn({ err: error }, 'old recordings could not be deleted; retrying')
    }
  }

  /** @param all the earliest finished first */
  #tooOldOrTooLarge(all: readonly FinishedRecording[]): FinishedRecording[] {
    const { nodeId, maxAgeMs, maxBytes, activeBytes, now } = this.#options
    // Each node deletes from its own folder; all nodes share the bucket.
    const ours = all.filter((recording) => recording.storage === 's3' || recording.nodeId === nodeId)
    const oldest = maxAgeMs === null ? null : new Date(now().getTime() - maxAgeMs)
    let bytes = ours.reduce((sum, { sizeBytes }) => sum + sizeBytes, activeBytes())
    return ours.filter(({ finishedAt, sizeBytes }) => {
      const tooOld = oldest !== null && finishedAt < oldest
      const tooLarge = maxBytes !== null && bytes > maxBytes
      if (tooOld || tooLarge) bytes -= sizeBytes
      return tooOld || tooLarge
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#triggers?.unsubscribe()
    await this.#running
  }
}
