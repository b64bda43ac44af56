// Deletes finished recordings that are older than RECORDINGS_MAX_AGE, and the oldest ones while a storage has more
// than RECORDINGS_MAX_BYTES. Each node does so for the storages that it uses.
import { filter, interval, merge, type Subscription, startWith } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import { bytesIn } from '../domain/recording-task.ts'
import type { StreamService } from '../streams/service.ts'
import type { Totals } from './archive.ts'
import type { FinishedRecording, RecordingQueries } from './recording-queries.ts'
import type { Storage } from './storage.ts'

const MAX_INTERVAL_MS = 60_000
const MIN_INTERVAL_MS = 1_000

export interface RecordingRetentionOptions {
  readonly queries: RecordingQueries
  readonly streams: StreamService
  readonly logger: Logger
  readonly nodeId: string
  readonly maxAgeMs: number | null
  readonly maxBytes: number | null
  /** The storages that this node uses. */
  readonly storages: readonly Storage[]
  /** Figures of a recording that this node is working on; null: not known. */
  readonly progress: (streamId: string) => Totals | null
  readonly now: () => Date
}

export class RecordingRetention implements AsyncDisposable {
  readonly #options: RecordingRetentionOptions
  #triggers: Subscription | null = null
  #running: Promise<void> | null = null
  #isCheckDue = false
  readonly #abort = new AbortController()

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
    this.#isCheckDue = true
    this.#running ??= this.#runChecks().finally(() => {
      this.#running = null
    })
  }

  /** A recording that is finished during a check needs another one. */
  async #runChecks(): Promise<void> {
    while (this.#isCheckDue && !this.#abort.signal.aborted) {
      this.#isCheckDue = false
      await this.#deleteOld()
    }
  }

  async #deleteOld(): Promise<void> {
    const { queries, streams, storages, logger, maxBytes } = this.#options
    try {
      const finished = await queries.finished()
      for (const storage of storages) {
        const activeBytes = maxBytes === null ? 0 : await this.#activeBytes(storage)
        for (const { streamId } of this.#tooOldOrTooLarge(finished, storage.id, activeBytes)) {
          await streams.submit(streamId, { kind: 'recording-delete-requested' })
          logger.info(
            { stream: streamId },
            'deleting a recording: it is too old, or all recordings together are too large',
          )
        }
      }
    } catch (error) {
      if (!this.#abort.signal.aborted)
        logger.warn({ err: error }, 'old recordings could not be deleted; retrying')
    }
  }

  /**
   * All nodes that use a storage come to the same result, because they count the same recordings. One that has parts
   * in two storages is deleted as a whole when one of them asks for it.
   * @param all the earliest finished first
   */
  #tooOldOrTooLarge(
    all: readonly FinishedRecording[],
    storageId: string,
    activeBytes: number,
  ): FinishedRecording[] {
    const { maxAgeMs, maxBytes, now } = this.#options
    const stored = all.filter(({ recording }) => recording.parts.some((part) => part.storageId === storageId))
    const oldest = maxAgeMs === null ? null : new Date(now().getTime() - maxAgeMs)
    let bytes = stored.reduce((sum, { recording }) => sum + bytesIn(recording, storageId), activeBytes)
    return stored.filter(({ finishedAt, recording }) => {
      const tooOld = oldest !== null && finishedAt < oldest
      const tooLarge = maxBytes !== null && bytes > maxBytes
      if (tooOld || tooLarge) bytes -= bytesIn(recording, storageId)
      return tooOld || tooLarge
    })
  }

  /** Bytes that a storage has of recordings that are not finished, of all nodes. */
  async #activeBytes(storage: Storage): Promise<number> {
    const { queries, nodeId, progress } = this.#options
    const { signal } = this.#abort
    let bytes = 0
    for (const { id, recording } of await queries.active()) {
      const parts = recording?.parts.filter(({ storageId }) => storageId === storage.id) ?? []
      // What is being deleted will be gone; to count it would delete others in its place.
      if (parts.length === 0 || recording?.status === 'deleting') continue
      // Only this node writes to it, so its own figures are complete and need no list of files.
      const known = parts.every((part) => part.nodeId === nodeId) ? progress(id)?.sizeBytes : undefined
      bytes += known ?? (await storage.list(id, signal)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    }
    return bytes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#triggers?.unsubscribe()
    this.#abort.abort()
    await this.#running
  }
}
