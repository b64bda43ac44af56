// Removes recordings by age (RECORDINGS_MAX_AGE) and by size (RECORDINGS_MAX_BYTES), the oldest
// first, and never one that is still being made.
import { filter, interval, merge, type Subscription, startWith } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { StreamService } from '../streams/service.ts'
import type { FinishedRecording, RecordingQueries } from './recording-queries.ts'

const AT_LEAST_EVERY_MS = 60_000
const AT_MOST_EVERY_MS = 1_000

export interface RecordingRetentionOptions {
  readonly queries: RecordingQueries
  readonly streams: StreamService
  readonly logger: Logger
  readonly nodeId: string
  readonly maxAgeMs: number | null
  readonly maxBytes: number | null
  /** What recordings take that are still being made here. */
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
    const everyMs = Math.max(AT_MOST_EVERY_MS, Math.min(AT_LEAST_EVERY_MS, (maxAgeMs ?? Infinity) / 4))
    const finished$ = streams.changes$.pipe(
      filter(({ events }) => events.some(({ type }) => type.startsWith('recording.'))),
    )
    this.#triggers = merge(interval(everyMs), finished$)
      .pipe(startWith(null))
      .subscribe(() => this.#runOnce())
  }

  #runOnce(): void {
    this.#running ??= this.#clear().finally(() => {
      this.#running = null
    })
  }

  async #clear(): Promise<void> {
    const { queries, streams, logger } = this.#options
    try {
      for (const { streamId } of this.#tooMuch(await queries.finished())) {
        await streams.submit(streamId, { kind: 'recording-delete-requested' })
        logger.info({ stream: streamId }, 'a recording is removed: too old, or too many bytes in all')
      }
    } catch (error) {
      logger.warn({ err: error }, 'old recordings could not be removed; trying again later')
    }
  }

  /** @param all the oldest first */
  #tooMuch(all: readonly FinishedRecording[]): FinishedRecording[] {
    const { nodeId, maxAgeMs, maxBytes, activeBytes, now } = this.#options
    // Another node's folder is that node's to look after; a bucket is everybody's.
    const ours = all.filter((recording) => recording.storage === 's3' || recording.nodeId === nodeId)
    const oldest = maxAgeMs === null ? null : new Date(now().getTime() - maxAgeMs)
    let bytes = ours.reduce((sum, { sizeBytes }) => sum + sizeBytes, activeBytes())
    return ours.filter(({ finishedAt, sizeBytes }) => {
      const tooOld = oldest !== null && finishedAt < oldest
      const tooMany = maxBytes !== null && bytes > maxBytes
      if (tooOld || tooMany) bytes -= sizeBytes
      return tooOld || tooMany
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#triggers?.unsubscribe()
    await this.#running
  }
}
