// Records what is to be recorded: one job for each stream of this node whose recording is under way,
// from its first segment to the finished recording, or to its removal. Jobs know nothing that the
// database and the storage don't, so a restart takes them up again.
import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { Subscription } from 'rxjs'
import { DatabaseUnavailableError } from '../database/deadline.ts'
import { hasCode } from '../file-errors.ts'
import type { NodeLease } from '../ingest/node-lease.ts'
import type { Logger } from '../logger.ts'
import type { PlaylistFolder } from '../playlists/playlist-folder.ts'
import type { Kept } from '../streams/lifecycle.ts'
import type { StreamService } from '../streams/service.ts'
import type { StreamStore } from '../streams/store.ts'
import type { RecordingFailure, Stream } from '../streams/stream.ts'
import { Archive } from './archive.ts'
import { freeBytes } from './disk-space.ts'
import type { Finisher } from './finisher.ts'
import { type Storage, VOD_PLAYLIST } from './storage.ts'
import { toRuns, vodPlaylist } from './vod-playlist.ts'

/** How often the database is asked what is to be recorded, for what nobody has told. */
const ROUND_MS = 10_000
/** How often a job looks for new segments; nginx finishes one about every 3 s. */
const LOOK_MS = 2_000
/** Between tries while a storage fails: twice as long each time, at most the last. */
const RETRY_FIRST_MS = 1_000
const RETRY_MOST_MS = 30_000
/** Segments on their way into a storage, of all streams. */
const TRANSFERS_AT_ONCE = 4

export interface RecorderOptions {
  readonly store: StreamStore
  readonly streams: StreamService
  readonly lease: NodeLease
  readonly folder: PlaylistFolder
  readonly storages: readonly Storage[]
  readonly finisher: Finisher
  readonly logger: Logger
  readonly nodeId: string
  /** Finisher's; what a process before has left there goes. */
  readonly workDir: string
  /** File systems that live streams need too. */
  readonly disks: readonly string[]
  readonly minFreeBytes: number
  readonly patienceMs: number
}

interface Job {
  /** As it was last heard of. */
  stream: Stream
  readonly archive: Archive
  readonly storage: Storage
  /** Ends the step that is under way. */
  abort: AbortController
  /** Ends the wait between two looks. */
  wake: () => void
  done: Promise<void>
}

/** What a recording holds by now. */
export type Progress = Pick<Kept, 'durationMs' | 'sizeBytes' | 'missingSegments'>

export class Recorder implements AsyncDisposable {
  readonly #options: RecorderOptions
  readonly #jobs = new Map<string, Job>()
  readonly #turn = pLimit(TRANSFERS_AT_ONCE)
  readonly #abort = new AbortController()
  readonly #changes: Subscription
  #aliveNodes: ReadonlySet<string> | null = null
  #rounds: Promise<void> = Promise.resolve()

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#changes = options.streams.changes$.subscribe(({ stream }) => this.#follow(stream))
  }

  /** Takes up what a process before has left, now, and looks for what others have left ever after. */
  start(): void {
    this.#rounds = this.#run()
  }

  /** What is kept of a recording that is under way here; null: it is not. */
  progress(streamId: string): Progress | null {
    const archive = this.#jobs.get(streamId)?.archive
    if (archive === undefined) return null
    const { durationMs, sizeBytes, missingSegments } = archive
    return { durationMs, sizeBytes, missingSegments }
  }

  /** Bytes of all recordings that are under way here. */
  get bytesUnderWay(): number {
    return [...this.#jobs.values()].reduce((sum, { archive }) => sum + archive.sizeBytes, 0)
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    const { workDir, logger } = this.#options
    await rm(workDir, { recursive: true, force: true }).catch((error: unknown) =>
      logger.warn({ err: error }, 'what is left of unfinished recordings could not be removed'),
    )
    while (!signal.aborted) {
      await this.round().catch((error: unknown) =>
        logger.warn({ err: error }, 'recordings could not be looked up; trying again'),
      )
      await delay(ROUND_MS, undefined, { signal }).catch(() => {})
    }
  }

  /** Looks once for recordings that want something done. @throws DatabaseUnavailableError */
  async round(): Promise<void> {
    const { store, lease, folder } = this.#options
    this.#aliveNodes = new Set((await lease.others()).alive)
    for (const stream of await store.recordingsUnderWay()) {
      // A broadcast that went on at another node may have left a part of it here.
      const hasPart = stream.status !== 'ended' && (await folder.modifiedAt(stream.id)) !== null
      if (hasPart && !this.#jobs.has(stream.id)) this.#begin(stream)
      else this.#follow(stream)
    }
  }

  #follow(stream: Stream): void {
    const job = this.#jobs.get(stream.id)
    if (job !== undefined) {
      job.stream = stream
      if (stream.recording?.status === 'deleting') job.abort.abort()
      job.wake()
    } else if (isUnderWay(stream) && this.#isOurs(stream) && !this.#abort.signal.aborted) {
      this.#begin(stream)
    }
  }

  /** A node's folders are its own. What a node that is gone has left in S3, the others finish. */
  #isOurs({ nodeId, status, recording }: Stream): boolean {
    if (nodeId === this.#options.nodeId) return true
    const gone = this.#aliveNodes !== null && nodeId !== null && !this.#aliveNodes.has(nodeId)
    return gone && status === 'ended' && recording?.storage === 's3'
  }

  #begin(stream: Stream): void {
    const { storages, folder, logger } = this.#options
    const storage = storages.find(({ kind }) => kind === stream.recording?.storage)
    if (storage === undefined) {
      logger.error({ stream: stream.id }, 'a recording is in S3, and S3_BUCKET is not set any more')
      return
    }
    const job: Job = {
      stream,
      archive: new Archive(stream.id, { storage, folder, turn: this.#turn }),
      storage,
      abort: new AbortController(),
      wake: () => {},
      done: Promise.resolve(),
    }
    this.#jobs.set(stream.id, job)
    job.done = this.#work(job).finally(() => this.#jobs.delete(stream.id))
  }

  /** Looks again and again until there is nothing left to do. Never rejects. */
  async #work(job: Job): Promise<void> {
    const { logger, patienceMs } = this.#options
    let failingSinceMs: number | null = null
    let waitMs = LOOK_MS
    while (!this.#abort.signal.aborted) {
      job.abort = new AbortController()
      const signal = AbortSignal.any([this.#abort.signal, job.abort.signal])
      const woken = new Promise<void>((resolve) => {
        job.wake = resolve
      })
      try {
        if (await this.#step(job, signal)) return
        failingSinceMs = null
        waitMs = LOOK_MS
      } catch (error) {
        if (signal.aborted) continue
        const { id } = job.stream
        if (!(error instanceof DatabaseUnavailableError)) {
          waitMs = failingSinceMs === null ? RETRY_FIRST_MS : Math.min(waitMs * 2, RETRY_MOST_MS)
          failingSinceMs ??= performance.now()
          logger.warn({ err: error, stream: id }, 'a recording is held up; trying again')
          const full = hasCode(error, 'ENOSPC')
          if (full || performance.now() - failingSinceMs >= patienceMs)
            if (await this.#fail(job, full ? 'disk_full' : 'storage_unavailable', signal)) return
        }
      }
      // While the storage fails, news of the stream is no reason to try sooner.
      const pause = delay(waitMs, undefined, { signal }).catch(() => {})
      await (failingSinceMs === null ? Promise.race([pause, woken]) : pause)
    }
  }

  /** Does what can be done now. @returns whether that was all */
  async #step(job: Job, signal: AbortSignal): Promise<boolean> {
    const { streams, finisher, nodeId } = this.#options
    const { stream, archive, storage } = job
    const { id, recording } = stream
    if (recording?.status === 'deleting') {
      await storage.remove(id, signal)
      await streams.submit(id, { kind: 'recording-removed' })
      return true
    }
    if (!isUnderWay(stream)) return true
    const isOver = recording?.status === 'processing'
    if (!isOver && storage.kind === 'folder' && (await this.#isDiskFull()))
      return this.#fail(job, 'disk_full', signal)
    const closed = await archive.catchUp(signal)
    // It went on at another node: this one only makes what it has of it safe.
    if (!this.#isOurs(stream)) return closed
    // nginx may still write; without its node nobody does.
    if (!isOver || (stream.nodeId === nodeId && stream.playlistOpen)) return false
    await archive.recount(signal)
    if (archive.segments.length === 0) return this.#fail(job, 'nothing_recorded', signal)
    const kept = await finisher.finish(id, archive, storage, signal)
    await streams.submit(id, { kind: 'recording-finished', kept })
    // Deleted meanwhile: then that is still to be done.
    return job.stream.recording?.status !== 'deleting'
  }

  /** Gives up, naming what is safe. @returns whether that is recorded */
  async #fail(
    { stream, archive, storage }: Job,
    failure: RecordingFailure,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { streams, logger } = this.#options
    // The storage may not even have been asked yet; if it does not answer now, what is known has to do.
    await archive.recount(signal).catch(() => {})
    const { segments, durationMs, sizeBytes, missingSegments } = archive
    const hasPlaylist =
      segments.length > 0 &&
      (await storage.write(stream.id, VOD_PLAYLIST, vodPlaylist(toRuns(segments)), signal).then(
        () => true,
        () => false,
      ))
    const kept: Kept = {
      ...{ durationMs, sizeBytes, missingSegments, hasPlaylist },
      hasMp4: false,
      hasPoster: false,
    }
    logger.error({ stream: stream.id, failure, kept }, 'a recording has failed')
    try {
      await streams.submit(stream.id, { kind: 'recording-failed', failure, kept })
      return true
    } catch (error) {
      logger.warn({ err: error, stream: stream.id }, 'that could not be recorded; trying again')
      return false
    }
  }

  async #isDiskFull(): Promise<boolean> {
    const { disks, minFreeBytes } = this.#options
    const free = await Promise.all(disks.map(freeBytes))
    return Math.min(...free) < minFreeBytes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#changes.unsubscribe()
    this.#abort.abort()
    await Promise.all([this.#rounds, ...[...this.#jobs.values()].map((job) => job.done)])
  }
}

function isUnderWay({ recording }: Stream): boolean {
  const status = recording?.status
  return status === 'recording' || status === 'processing' || status === 'deleting'
}
