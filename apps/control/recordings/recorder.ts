// Records what is to be recorded: one job for each stream whose recording wants something done here,
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
import { Archive, type Totals } from './archive.ts'
import { freeBytes } from './disk-space.ts'
import { type Finisher, keptOf } from './finisher.ts'
import { type Storage, VOD_PLAYLIST } from './storage.ts'
import { toRuns, vodPlaylist } from './vod-playlist.ts'

/** How often the database is asked what is to be recorded, for what nobody has told. */
const ROUND_MS = 10_000
/** How often a job looks for new segments; nginx finishes one about every 3 s. */
const LOOK_MS = 2_000
/** Between tries while something fails: twice as long each time, at most the last. */
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
  /** RECORDINGS_DIR, whose disk must not fill up. */
  readonly recordingsDir: string
  /** Finisher's; what a process before has left there goes. */
  readonly workDir: string
  readonly minFreeBytes: number
  readonly patienceMs: number
  readonly now: () => Date
}

interface Job {
  /** As it was last heard of. */
  stream: Stream
  readonly archive: Archive
  readonly storage: Storage
  /** What it amounts to, once that is finished and only has to be recorded. */
  kept: Kept | null
  /** Ends the step that is under way. */
  abort: AbortController
  /** Ends the wait between two looks. */
  wake: () => void
  done: Promise<void>
}

export class Recorder implements AsyncDisposable {
  readonly #options: RecorderOptions
  readonly #jobs = new Map<string, Job>()
  readonly #turn = pLimit(TRANSFERS_AT_ONCE)
  readonly #abort = new AbortController()
  readonly #changes: Subscription
  /** Null: it can't be told yet who is gone. */
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

  /** What is kept of a recording that is under way here; null: it is not, or that is not known yet. */
  progress(streamId: string): Totals | null {
    return this.#jobs.get(streamId)?.archive.totals ?? null
  }

  /** Recordings that something is being done for. */
  get jobCount(): number {
    return this.#jobs.size
  }

  /** Bytes of all recordings that are under way here. */
  get bytesUnderWay(): number {
    return [...this.#jobs.values()].reduce((sum, { archive }) => sum + (archive.totals?.sizeBytes ?? 0), 0)
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
    const { alive, isCertain } = await lease.others()
    this.#aliveNodes = isCertain ? new Set(alive) : null
    const underWay = await store.recordingsUnderWay()
    for (const stream of underWay) {
      // A broadcast that went on at another node may have left a part of it here.
      const hasPart = stream.status !== 'ended' && (await folder.version(stream.id)) !== null
      if (hasPart && !this.#jobs.has(stream.id)) this.#begin(stream)
      else this.#follow(stream)
    }
    // What another node has finished or deleted nobody tells.
    const known = new Set(underWay.map(({ id }) => id))
    for (const id of this.#jobs.keys()) {
      const stream = known.has(id) ? null : await store.find(id)
      if (stream !== null) this.#follow(stream)
    }
  }

  #follow(stream: Stream): void {
    const job = this.#jobs.get(stream.id)
    if (job !== undefined) {
      job.stream = stream
      if (stream.recording?.status === 'deleting') job.abort.abort()
      job.wake()
    } else if (isUnderWay(stream) && this.#isOurs(stream)) {
      this.#begin(stream)
    }
  }

  /**
   * Whether what becomes of a recording is this node's to say: its nginx has the broadcast; or, when the
   * node that has it is gone, and has had as long to come back as a storage has.
   */
  #isOurs({ nodeId, status, endedAt }: Stream): boolean {
    const { patienceMs, now } = this.#options
    if (nodeId === this.#options.nodeId) return true
    if (status !== 'ended' || endedAt === null || nodeId === null) return false
    const isGone = this.#aliveNodes !== null && !this.#aliveNodes.has(nodeId)
    return isGone && now().getTime() - endedAt.getTime() > patienceMs
  }

  #begin(stream: Stream): void {
    const { storages, folder, logger } = this.#options
    if (this.#abort.signal.aborted) return
    const storage = storages.find(({ kind }) => kind === stream.recording?.storage)
    if (storage === undefined) {
      logger.error({ stream: stream.id }, 'a recording is in S3, and S3_BUCKET is not set any more')
      return
    }
    const job: Job = {
      stream,
      archive: new Archive(stream.id, { storage, folder, turn: this.#turn }),
      storage,
      kept: null,
      abort: new AbortController(),
      wake: () => {},
      done: Promise.resolve(),
    }
    this.#jobs.set(stream.id, job)
    job.done = this.#work(job)
      .catch((error: unknown) => logger.error({ err: error, stream: stream.id }, 'recording went wrong'))
      .finally(() => this.#jobs.delete(stream.id))
  }

  /** Looks again and again until there is nothing left to do. */
  async #work(job: Job): Promise<void> {
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
        // A database that is away says nothing about the storage.
        if (!(error instanceof DatabaseUnavailableError)) {
          waitMs = failingSinceMs === null ? RETRY_FIRST_MS : Math.min(waitMs * 2, RETRY_MOST_MS)
          failingSinceMs ??= performance.now()
          if (await this.#holdUp(job, error, performance.now() - failingSinceMs, signal)) return
        }
      }
      // While something fails, news of the stream is no reason to try sooner.
      const pause = delay(waitMs, undefined, { signal }).catch(() => {})
      await (failingSinceMs === null ? Promise.race([pause, woken]) : pause)
    }
  }

  /** Does what can be done now. @returns whether that was all */
  async #step(job: Job, signal: AbortSignal): Promise<boolean> {
    const { streams, finisher, nodeId, minFreeBytes, recordingsDir } = this.#options
    const { stream, archive, storage } = job
    const { id, recording } = stream
    if (recording?.status === 'deleting' || recording?.status === 'deleted') return this.#remove(job, signal)
    if (!isUnderWay(stream)) return true
    const isOver = recording?.status === 'processing'
    const isTight = storage.kind === 'folder' && (await freeBytes(recordingsDir)) < minFreeBytes
    if (!isOver && isTight) return this.#fail(job, 'disk_full', signal)
    const closed = await archive.catchUp(signal)
    // It went on at another node: this one only makes what it has of it safe.
    if (!this.#isOurs(stream)) return closed
    // nginx may still write; without its node nobody does.
    if (!isOver || (stream.nodeId === nodeId && stream.playlistOpen)) return false
    if (job.kept === null) {
      await archive.recount(signal)
      if (archive.segments.length === 0) return this.#fail(job, 'nothing_recorded', signal)
      job.kept = await finisher.finish(id, archive, storage, signal)
    }
    await streams.submit(id, { kind: 'recording-finished', kept: job.kept })
    // Deleted meanwhile: then that is still to be done.
    return job.stream.recording?.status !== 'deleting'
  }

  /** Also what this node has of a recording that is another's to remove. */
  async #remove({ stream, storage }: Job, signal: AbortSignal): Promise<boolean> {
    await storage.remove(stream.id, signal)
    // What was on its way when it was stopped may have arrived after all.
    if ((await storage.list(stream.id, signal)).length > 0) return false
    if (this.#isOurs(stream)) await this.#options.streams.submit(stream.id, { kind: 'recording-removed' })
    return true
  }

  /** Something fails. @returns whether that is to be the end of it */
  async #holdUp(job: Job, error: unknown, forMs: number, signal: AbortSignal): Promise<boolean> {
    const { logger, patienceMs } = this.#options
    const { stream, storage } = job
    logger.warn({ err: error, stream: stream.id }, 'a recording is held up; trying again')
    const isFull = storage.kind === 'folder' && hasCode(error, 'ENOSPC')
    if (!isFull && forMs < patienceMs) return false
    // What is to be removed is tried for ever.
    if (!isUnderWay(stream) || stream.recording?.status === 'deleting') return false
    return this.#fail(job, isFull ? 'disk_full' : 'storage_unavailable', signal)
  }

  /** Gives up, naming what is safe. @returns whether that was all */
  async #fail(job: Job, failure: RecordingFailure, signal: AbortSignal): Promise<boolean> {
    const { streams, logger } = this.#options
    const { stream } = job
    // The part of another node's recording, which goes on.
    if (!this.#isOurs(stream)) return true
    const kept = await this.#whatIsSafe(job, signal)
    logger.error({ stream: stream.id, failure, kept }, 'a recording has failed')
    try {
      await streams.submit(stream.id, { kind: 'recording-failed', failure, kept })
      return job.stream.recording?.status !== 'deleting'
    } catch (error) {
      logger.warn({ err: error, stream: stream.id }, 'that could not be recorded; trying again')
      return false
    }
  }

  /** With a playlist of it, if that is possible. When the storage does not answer, what is known of it. */
  async #whatIsSafe({ stream, archive, storage }: Job, signal: AbortSignal): Promise<Kept> {
    const { id } = stream
    try {
      await archive.recount(signal)
      if (archive.segments.length > 0)
        await storage.write(id, VOD_PLAYLIST, vodPlaylist(toRuns(archive.segments)), signal)
      return keptOf(archive, await storage.list(id, signal))
    } catch {
      const { durationMs = null, sizeBytes = null, missingSegments = 0 } = archive.totals ?? {}
      return { durationMs, sizeBytes, missingSegments, hasPlaylist: false, hasMp4: false, hasPoster: false }
    }
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
