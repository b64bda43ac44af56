// The work for one recording, step by step: store its segments while the broadcast runs; finalize it when
// the broadcast is over, or record the failure and what is safe; or remove it. The job ends by itself.
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

/** How often it looks for new segments; nginx finishes one about every 3 s. */
const LOOK_MS = 2_000
/** Between tries while something fails: twice as long each time, at most the last. */
const RETRY_FIRST_MS = 1_000
const RETRY_MOST_MS = 30_000

export interface JobOptions {
  /** As it is when the job begins. */
  readonly stream: Stream
  readonly archive: Archive
  readonly storage: Storage
  readonly finalizer: Finalizer
  readonly streams: StreamService
  /** Whether what becomes of the recording is this node's to say. */
  readonly isOurs: (stream: Stream) => boolean
  readonly logger: Logger
  readonly nodeId: string
  /** How long things may fail before the recording is given up. */
  readonly patienceMs: number
}

export class RecordingJob implements AsyncDisposable {
  readonly #options: JobOptions
  readonly #stop = new AbortController()
  /** As it was last heard of. */
  #stream: Stream
  /** What it amounts to, once that is finished and only has to be recorded. */
  #summary: RecordingSummary | null = null
  /** Ends the step that is under way. */
  #step = new AbortController()
  /** Ends the wait between two looks. */
  #wake: () => void = () => {}
  /** Resolves when there is nothing left to do. */
  done: Promise<void> = Promise.resolve()

  constructor(options: JobOptions) {
    this.#options = options
    this.#stream = options.stream
  }

  start(): void {
    const { logger, stream } = this.#options
    this.done = this.#work().catch((error: unknown) =>
      logger.error({ err: error, stream: stream.id }, 'a recording job failed unexpectedly'),
    )
  }

  /** What is kept by now; null: that is not known yet. */
  get totals(): Totals | null {
    return this.#options.archive.totals
  }

  /** Says what has become of the stream. */
  tell(stream: Stream): void {
    this.#stream = stream
    if (stream.recording?.status === 'deleting') this.#step.abort()
    this.#wake()
  }

  /** Looks again and again until there is nothing left to do. */
  async #work(): Promise<void> {
    let failingSinceMs: number | null = null
    let waitMs = LOOK_MS
    while (!this.#stop.signal.aborted) {
      this.#step = new AbortController()
      const signal = AbortSignal.any([this.#stop.signal, this.#step.signal])
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      try {
        if (await this.#advance(signal)) return
        failingSinceMs = null
        waitMs = LOOK_MS
      } catch (error) {
        if (signal.aborted) continue
        // A database that is away says nothing about the storage.
        if (!(error instanceof DatabaseUnavailableError)) {
          waitMs = failingSinceMs === null ? RETRY_FIRST_MS : Math.min(waitMs * 2, RETRY_MOST_MS)
          failingSinceMs ??= performance.now()
          if (await this.#holdUp(error, performance.now() - failingSinceMs, signal)) return
        }
      }
      // While something fails, news of the stream is no reason to try sooner.
      const pause = delay(waitMs, undefined, { signal }).catch(() => {})
      await (failingSinceMs === null ? Promise.race([pause, woken]) : pause)
    }
  }

  /** Does what can be done now. @returns whether that was all */
  async #advance(signal: AbortSignal): Promise<boolean> {
    const { streams, archive, storage, finalizer, isOurs, nodeId } = this.#options
    const stream = this.#stream
    const { id, recording } = stream
    if (recording?.status === 'deleting' || recording?.status === 'deleted') return this.#remove(signal)
    if (!isActiveRecording(stream.recording)) return true
    const isOver = recording?.status === 'processing'
    if (!isOver && !(await storage.hasRoom())) return this.#fail('disk_full', signal)
    const closed = await archive.catchUp(signal)
    // It went on at another node: this one only makes what it has of it safe.
    if (!isOurs(stream)) return closed
    // nginx may still write; without its node nobody does.
    if (!isOver || (stream.nodeId === nodeId && stream.playlistOpen)) return false
    if (this.#summary === null) {
      await archive.recount(signal)
      if (archive.segments.length === 0) return this.#fail('nothing_recorded', signal)
      this.#summary = await finalizer.finalize(id, archive, storage, signal)
    }
    await streams.submit(id, { kind: 'recording-finished', summary: this.#summary })
    // Deleted meanwhile: then that is still to be done.
    return this.#stream.recording?.status !== 'deleting'
  }

  /** Also what this node has of a recording that is another's to remove. */
  async #remove(signal: AbortSignal): Promise<boolean> {
    const { streams, storage, isOurs } = this.#options
    const stream = this.#stream
    await storage.remove(stream.id, signal)
    // What was on its way when it was stopped may have arrived after all.
    if ((await storage.list(stream.id, signal)).length > 0) return false
    if (isOurs(stream)) await streams.submit(stream.id, { kind: 'recording-removed' })
    return true
  }

  /** Something fails. @returns whether that is to be the end of it */
  async #holdUp(error: unknown, forMs: number, signal: AbortSignal): Promise<boolean> {
    const { logger, storage, patienceMs } = this.#options
    const stream = this.#stream
    logger.warn({ err: error, stream: stream.id }, 'a recording is held up; trying again')
    const isFull = storage.isFull(error)
    if (!isFull && forMs < patienceMs) return false
    // What is to be removed is tried for ever.
    if (!isActiveRecording(stream.recording) || stream.recording?.status === 'deleting') return false
    return this.#fail(isFull ? 'disk_full' : 'storage_unavailable', signal)
  }

  /** Gives up, naming what is safe. @returns whether that was all */
  async #fail(failure: RecordingFailure, signal: AbortSignal): Promise<boolean> {
    const { streams, logger, isOurs } = this.#options
    const stream = this.#stream
    // The part of another node's recording, which goes on.
    if (!isOurs(stream)) return true
    const summary = await this.#summarizeStored(signal)
    logger.error({ stream: stream.id, failure, summary }, 'a recording has failed')
    try {
      await streams.submit(stream.id, { kind: 'recording-failed', failure, summary })
      return this.#stream.recording?.status !== 'deleting'
    } catch (error) {
      logger.warn({ err: error, stream: stream.id }, 'that could not be recorded; trying again')
      return false
    }
  }

  /** With a playlist of it, if that is possible. When the storage does not answer, what is known of it. */
  async #summarizeStored(signal: AbortSignal): Promise<RecordingSummary> {
    const { archive, storage } = this.#options
    const { id } = this.#stream
    try {
      await archive.recount(signal)
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
