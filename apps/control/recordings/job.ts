// The work for one recording, step by step: store its segments while the broadcast runs; finalize it when
// the broadcast is over, or enter the failure and what is stored; or remove it. The job ends by itself.
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../common/logger.ts'
import { DatabaseUnavailableError } from '../database/deadline.ts'
import { isActiveRecording, type RecordingFailure, type RecordingSummary } from '../domain/recording.ts'
import type { Stream } from '../domain/stream.ts'
import type { StreamService } from '../streams/service.ts'
import type { Archive, Totals } from './archive.ts'
import { type Finalizer, summarize } from './finalizer.ts'
import type { Storage } from './storage.ts'
import { storeVodPlaylist } from './vod-playlist.ts'

/** How often it checks for new segments; nginx finishes one about every 3 s. */
const CHECK_MS = 2_000
/** The wait after the first failure; it doubles with each further one, up to the maximum. */
const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 30_000

export interface JobOptions {
  /** The stream as it is when the job starts. */
  readonly stream: Stream
  readonly archive: Archive
  readonly storage: Storage
  readonly finalizer: Finalizer
  readonly streams: StreamService
  /** Whether this node decides about the recording. */
  readonly isOurs: (stream: Stream) => boolean
  readonly logger: Logger
  readonly nodeId: string
  /** How long steps may fail before the recording fails. */
  readonly patienceMs: number
}

export class RecordingJob implements AsyncDisposable {
  readonly #options: JobOptions
  readonly #stop = new AbortController()
  /** The stream as it was last reported. */
  #stream: Stream
  /** Set once the recording is finalized and only has to be entered in the database. */
  #summary: RecordingSummary | null = null
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
    return this.#options.archive.totals
  }

  /** Reports a change of the stream. */
  update(stream: Stream): void {
    this.#stream = stream
    if (stream.recording?.status === 'deleting') this.#step.abort()
    this.#wake()
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
        if (await this.#advance(signal)) return
        failingSinceMs = null
        waitMs = CHECK_MS
      } catch (error) {
        if (signal.aborted) continue
        // An unavailable database must not count as a failure of the storage.
        if (!(error instanceof DatabaseUnavailableError)) {
          waitMs = failingSinceMs === null ? RETRY_FIRST_MS : Math.min(waitMs * 2, RETRY_MAX_MS)
          failingSinceMs ??= performance.now()
          if (await this.#onFailure(error, performance.now() - failingSinceMs, signal)) return
        }
      }
      // While steps fail, a change of the stream is no reason to retry sooner.
      const pause = delay(waitMs, undefined, { signal }).catch(() => {})
      await (failingSinceMs === null ? Promise.race([pause, woken]) : pause)
    }
  }

  /** Does all that can be done now. @returns whether the job is finished */
  async #advance(signal: AbortSignal): Promise<boolean> {
    const { streams, archive, storage, finalizer, isOurs, nodeId } = this.#options
    const stream = this.#stream
    const { id, recording } = stream
    if (recording?.status === 'deleting' || recording?.status === 'deleted') return this.#remove(signal)
    if (!isActiveRecording(stream.recording)) return true
    const isOver = recording?.status === 'processing'
    if (!isOver && !(await storage.hasRoom())) return this.#fail('disk_full', signal)
    const closed = await archive.storeNewSegments(signal)
    // The broadcast continued on another node: this one only stores the segments that it has.
    if (!isOurs(stream)) return closed
    // nginx may still be writing the last segment, unless its node is gone.
    if (!isOver || (stream.nodeId === nodeId && stream.playlistOpen)) return false
    if (this.#summary === null) {
      await archive.reload(signal)
      if (archive.segments.length === 0) return this.#fail('nothing_recorded', signal)
      this.#summary = await finalizer.finalize(id, archive, storage, signal)
    }
    await streams.submit(id, { kind: 'recording-finished', summary: this.#summary })
    // If it was deleted meanwhile, the files still have to be removed.
    return this.#stream.recording?.status !== 'deleting'
  }

  /** Removes what this node can reach, also of another node's recording. @returns whether the job is finished */
  async #remove(signal: AbortSignal): Promise<boolean> {
    const { streams, storage, isOurs } = this.#options
    const stream = this.#stream
    await storage.remove(stream.id, signal)
    // An aborted upload may have been completed by the storage after all.
    if ((await storage.list(stream.id, signal)).length > 0) return false
    if (isOurs(stream)) await streams.submit(stream.id, { kind: 'recording-removed' })
    return true
  }

  /** A step failed. @returns whether the job is finished, because the recording has failed */
  async #onFailure(error: unknown, forMs: number, signal: AbortSignal): Promise<boolean> {
    const { logger, storage, patienceMs } = this.#options
    const stream = this.#stream
    logger.warn({ err: error, stream: stream.id }, 'recording step failed; retrying')
    const isFull = storage.isFull(error)
    if (!isFull && forMs < patienceMs) return false
    // Removing files is retried until it succeeds.
    if (!isActiveRecording(stream.recording) || stream.recording?.status === 'deleting') return false
    return this.#fail(isFull ? 'disk_full' : 'storage_unavailable', signal)
  }

  /** Enters the failure and what is stored in the database. @returns whether the job is finished */
  async #fail(failure: RecordingFailure, signal: AbortSignal): Promise<boolean> {
    const { streams, logger, isOurs } = this.#options
    const stream = this.#stream
    // Another node continues the recording and decides about it.
    if (!isOurs(stream)) return true
    const summary = await this.#summarizeStored(signal)
    logger.error({ stream: stream.id, failure, summary }, 'recording failed')
    try {
      await streams.submit(stream.id, { kind: 'recording-failed', failure, summary })
      return this.#stream.recording?.status !== 'deleting'
    } catch (error) {
      logger.warn(
        { err: error, stream: stream.id },
        'the failure could not be entered in the database; retrying',
      )
      return false
    }
  }

  /** Stores a playlist of the stored segments, if possible. @returns their figures, or the last known ones */
  async #summarizeStored(signal: AbortSignal): Promise<RecordingSummary> {
    const { archive, storage } = this.#options
    const { id } = this.#stream
    try {
      await archive.reload(signal)
      if (archive.segments.length > 0) await storeVodPlaylist(storage, id, archive.segments, signal)
      return summarize(archive, await storage.list(id, signal))
    } catch {
      const { durationMs = null, sizeBytes = null, missingSegments = 0 } = archive.totals ?? {}
      return { durationMs, sizeBytes, missingSegments, hasPlaylist: false, hasMp4: false, hasPoster: false }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.done
  }
}
