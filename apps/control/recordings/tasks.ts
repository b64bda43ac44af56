// What a node does for one recording (domain/recording-task.ts says when): it stores its segments, finalizes the
// recording or enters its failure, and removes its files. Each step can be repeated.
import type { Logger } from '../common/logger.ts'
import type { RecordingFailure, RecordingSummary } from '../domain/recording.ts'
import { isSamePart, type RecordingPart } from '../domain/recording-part.ts'
import { type NodeView, type RecordingTask, recordingTask } from '../domain/recording-task.ts'
import type { Stream } from '../domain/stream.ts'
import type { StreamService } from '../streams/service.ts'
import type { Archive, Totals } from './archive.ts'
import { type Finalizer, summarize } from './finalizer.ts'
import type { Storage } from './storage.ts'
import { storeVodPlaylist } from './vod-playlist.ts'

/** A broadcast that moved to another node left a playlist here that nginx no longer changes, ENDLIST or not. */
const UNCHANGED_MS = 60_000

export interface TasksOptions {
  readonly view: NodeView
  readonly storageOf: (storageId: string) => Storage | undefined
  readonly openArchive: (storage: Storage) => Archive
  readonly finalizer: Finalizer
  readonly streams: StreamService
  readonly logger: Logger
  readonly nodeId: string
}

/** A storage and what is known of the recording in it. */
interface Place {
  readonly storage: Storage
  readonly archive: Archive
}

export class RecordingTasks {
  readonly #options: TasksOptions
  /** The storage that it worked with last. */
  #place: Place | null = null
  /** Set once the recording is finalized and only has to be entered in the database. */
  #summary: RecordingSummary | null = null

  constructor(options: TasksOptions) {
    this.#options = options
  }

  /** Figures of what is stored so far; null: not known yet. */
  get totals(): Totals | null {
    return this.#place?.archive.totals ?? null
  }

  /**
   * Does all that can be done now.
   * @returns whether this node has nothing more to do, at least until the stream changes
   * @throws the storage's error, or DatabaseUnavailableError; then it is to be called again
   */
  async perform(stream: Stream, signal: AbortSignal): Promise<boolean> {
    const task = recordingTask(stream.recording, this.#options.view)
    switch (task?.kind) {
      case undefined:
        return this.#finish(stream, signal)
      case 'store':
        await this.#store(stream, task.part, signal)
        return false
      case 'finalize':
        await this.#finalize(stream, task.part, signal)
        return false
      case 'remove':
        return this.#remove(stream, task, signal)
      default:
        return task satisfies never
    }
  }

  /** @returns true */
  async #finish({ id, recording }: Stream, signal: AbortSignal): Promise<boolean> {
    // Others judged this node dead and completed the deletion while it was still storing segments.
    if (recording?.status === 'deleted') {
      await this.#options.finalizer.discard(id)
      await this.#place?.storage.remove(id, signal)
    }
    return true
  }

  async #store(stream: Stream, part: RecordingPart, signal: AbortSignal): Promise<void> {
    const { storage, archive } = this.#open(part)
    const isRunning = stream.recording?.status === 'recording'
    if (isRunning && !(await storage.hasRoom())) return this.#stopStoring(stream, part, 'disk_full', signal)
    const isClosed = await archive.storeNewSegments(signal)
    const isHere = stream.nodeId === this.#options.nodeId
    // Here, nginx may be writing the last segment until the ended stream's playlist is closed.
    const isComplete = isHere
      ? !isRunning && !stream.playlistOpen
      : isClosed || archive.unchangedForMs > UNCHANGED_MS
    if (isComplete) await this.#completePart(stream, part, signal)
  }

  /** Reports that this node has stored all that it will store. */
  async #completePart(stream: Stream, part: RecordingPart, signal: AbortSignal): Promise<void> {
    const { storage, archive } = this.#open(part)
    const { nodeId, storageId } = part
    // A part that will not be in the recording can be watched at this node.
    const isLast = isSamePart(stream.recording?.parts.at(-1) ?? part, part)
    if (!isLast && archive.segments.length > 0)
      await storeVodPlaylist(storage, stream.id, archive.segments, signal)
    const fact = { kind: 'recording-part-stored', nodeId, storageId, stored: archive.own } as const
    await this.#options.streams.submit(stream.id, fact)
  }

  async #finalize(stream: Stream, part: RecordingPart, signal: AbortSignal): Promise<void> {
    const { finalizer, streams } = this.#options
    const { storage, archive } = this.#open(part)
    if (this.#summary === null) {
      await archive.reload(signal)
      if (archive.segments.length === 0) return this.#fail(stream, part, 'nothing_recorded', signal)
      this.#summary = await finalizer.finalize(stream, archive, storage, signal)
    }
    await streams.submit(stream.id, { kind: 'recording-finished', summary: this.#summary })
  }

  /** @returns whether the job is finished, because what is left is for other nodes to do */
  async #remove(
    { id }: Stream,
    { storageIds, parts }: Extract<RecordingTask, { kind: 'remove' }>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { streams, storageOf, finalizer } = this.#options
    await finalizer.discard(id)
    for (const storageId of storageIds) {
      const storage = storageOf(storageId)
      await storage?.remove(id, signal)
      // An aborted upload may have been completed by the storage after all.
      if (((await storage?.list(id, signal)) ?? []).length > 0) return false
    }
    for (const { nodeId, storageId } of parts)
      await streams.submit(id, { kind: 'recording-part-removed', nodeId, storageId })
    return parts.length === 0
  }

  /**
   * Ends the work after a failed step, if it is to end: the storage is full, or has failed for too long. Removing
   * files never ends before it succeeds.
   */
  async giveUp(stream: Stream, error: unknown, isTooLong: boolean, signal: AbortSignal): Promise<void> {
    const task = recordingTask(stream.recording, this.#options.view)
    if (task === null || task.kind === 'remove') return
    const isFull = this.#options.storageOf(task.part.storageId)?.isFull(error) ?? false
    if (!isFull && !isTooLong) return
    const failure = isFull ? 'disk_full' : 'storage_unavailable'
    if (task.kind === 'store') await this.#stopStoring(stream, task.part, failure, signal)
    else await this.#fail(stream, task.part, failure, signal)
  }

  /** This node stores no more segments. The recording goes on without them if it goes on at another node. */
  async #stopStoring(
    stream: Stream,
    part: RecordingPart,
    failure: RecordingFailure,
    signal: AbortSignal,
  ): Promise<void> {
    if (stream.nodeId === this.#options.nodeId) return this.#fail(stream, part, failure, signal)
    const { logger, streams } = this.#options
    logger.error({ stream: stream.id, failure }, 'this node’s part of a recording is incomplete')
    const { nodeId, storageId } = part
    const stored = this.#open(part).archive.own
    await streams.submit(stream.id, { kind: 'recording-part-stored', nodeId, storageId, stored })
  }

  /** Enters the failure and what is safe in the database. */
  async #fail(
    stream: Stream,
    part: RecordingPart,
    failure: RecordingFailure,
    signal: AbortSignal,
  ): Promise<void> {
    const { streams, logger, finalizer } = this.#options
    await finalizer.discard(stream.id)
    const summary = await this.#summarizeStored(stream, this.#open(part), signal)
    logger.error({ stream: stream.id, failure, summary }, 'recording failed')
    await streams.submit(stream.id, { kind: 'recording-failed', failure, summary })
  }

  /** Stores a playlist of what is safe, if possible. If the storage does not answer, the last known figures. */
  async #summarizeStored(
    stream: Stream,
    { storage, archive }: Place,
    signal: AbortSignal,
  ): Promise<RecordingSummary> {
    try {
      await archive.reload(signal)
      if (archive.segments.length > 0) await storeVodPlaylist(storage, stream.id, archive.segments, signal)
      return summarize(stream, archive, await storage.list(stream.id, signal))
    } catch {
      const { durationMs = null, sizeBytes = null, missingSegments = 0 } = archive.totals ?? {}
      return { durationMs, sizeBytes, missingSegments, hasPlaylist: false, hasMp4: false, hasPoster: false }
    }
  }

  #open({ storageId }: RecordingPart): Place {
    if (this.#place?.storage.id !== storageId) {
      const storage = this.#options.storageOf(storageId)
      if (storage === undefined) throw new Error(`this node does not use the storage ${storageId}`)
      this.#place = { storage, archive: this.#options.openArchive(storage) }
    }
    return this.#place as Place
  }
}
