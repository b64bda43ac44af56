// Decides which recordings this node works on, and runs a job (job.ts) for each. A job starts when its stream
// changes, or when a regular search of the database finds work. All that a job knows is also in the database or in
// the storage, so another process can continue it.
import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { Subscription } from 'rxjs'
import { isActiveRecording } from '../domain/recording.ts'
import type { Stream } from '../domain/stream.ts'
import type { NodeLease } from '../nodes/node-lease.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { StreamStore } from '../streams/store.ts'
import { Archive, type Totals } from './archive.ts'
import { type JobOptions, RecordingJob } from './job.ts'
import type { RecordingQueries } from './recording-queries.ts'
import type { Storage } from './storage.ts'

/** How often the database is searched for work, for changes that other nodes or an earlier process made. */
const ROUND_MS = 10_000
/** Segments of all streams that are being stored at a time. */
const CONCURRENT_TRANSFERS = 4

export interface RecorderOptions extends Omit<JobOptions, 'stream' | 'archive' | 'storage' | 'isOurs'> {
  readonly store: StreamStore
  readonly queries: RecordingQueries
  readonly lease: NodeLease
  readonly folder: HlsFolder
  readonly storages: readonly Storage[]
  /** The finalizer's folder; files that an earlier process left in it are removed. */
  readonly workDir: string
  readonly now: () => Date
}

export class Recorder implements AsyncDisposable {
  readonly #options: RecorderOptions
  readonly #jobs = new Map<string, RecordingJob>()
  readonly #limit = pLimit(CONCURRENT_TRANSFERS)
  readonly #abort = new AbortController()
  #changes: Subscription | null = null
  /** Null: it is not known yet which nodes are alive. */
  #aliveNodes: ReadonlySet<string> | null = null
  #rounds: Promise<void> = Promise.resolve()

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Reacts to changes from now on. The rounds find recordings that were active before. */
  start(): void {
    this.#changes = this.#options.streams.changes$.subscribe(({ stream }) => this.#update(stream))
  }

  /** Searches for recordings that an earlier process left unfinished: now, and again every 10 s. */
  startRounds(): void {
    this.#rounds = this.#runRounds()
  }

  /** Figures of a recording that this node is working on; null: it is not, or they are not known yet. */
  progress(streamId: string): Totals | null {
    return this.#jobs.get(streamId)?.totals ?? null
  }

  /** How many recordings this node is working on. */
  get jobCount(): number {
    return this.#jobs.size
  }

  /** Bytes of all recordings that this node is working on. */
  get activeBytes(): number {
    return [...this.#jobs.values()].reduce((sum, { totals }) => sum + (totals?.sizeBytes ?? 0), 0)
  }

  async #runRounds(): Promise<void> {
    const { signal } = this.#abort
    const { workDir, logger } = this.#options
    await rm(workDir, { recursive: true, force: true }).catch((error: unknown) =>
      logger.warn(
        { err: error },
        'files that an earlier process left in the work folder could not be removed',
      ),
    )
    while (!signal.aborted) {
      await this.round().catch((error: unknown) =>
        logger.warn({ err: error }, 'recordings could not be looked up; retrying'),
      )
      await delay(ROUND_MS, undefined, { signal }).catch(() => {})
    }
  }

  /** Searches once for recordings that need work. @throws DatabaseUnavailableError */
  async round(): Promise<void> {
    const { store, queries, lease, folder } = this.#options
    const { alive, isCertain } = lease.peers
    this.#aliveNodes = isCertain ? new Set(alive) : null
    const active = await queries.active()
    for (const stream of active) {
      // A broadcast that continued on another node may have left segments in this node's HLS folder.
      const hasPart = stream.status !== 'ended' && (await folder.version(stream.id)) !== null
      if (hasPart && !this.#jobs.has(stream.id)) this.#startJob(stream)
      else this.#update(stream)
    }
    // No change is reported here for what another node finished or deleted.
    const known = new Set(active.map(({ id }) => id))
    for (const id of this.#jobs.keys()) {
      const stream = known.has(id) ? null : await store.find(id)
      if (stream !== null) this.#update(stream)
    }
  }

  #update(stream: Stream): void {
    const job = this.#jobs.get(stream.id)
    if (job !== undefined) {
      job.update(stream)
    } else if (isActiveRecording(stream.recording) && this.#isOurs(stream)) {
      this.#startJob(stream)
    }
  }

  /**
   * Whether this node decides about a recording: its nginx has the broadcast; or the node that had it is dead,
   * and the broadcast ended longer ago than a storage may fail (RECORDINGS_PATIENCE).
   */
  #isOurs({ nodeId, status, endedAt }: Stream): boolean {
    const { patienceMs, now } = this.#options
    if (nodeId === this.#options.nodeId) return true
    if (status !== 'ended' || endedAt === null || nodeId === null) return false
    const isGone = this.#aliveNodes !== null && !this.#aliveNodes.has(nodeId)
    return isGone && now().getTime() - endedAt.getTime() > patienceMs
  }

  #startJob(stream: Stream): void {
    const { storages, folder, logger } = this.#options
    if (this.#abort.signal.aborted) return
    const storage = storages.find(({ kind }) => kind === stream.recording?.storage)
    if (storage === undefined) {
      logger.error({ stream: stream.id }, 'a recording is in S3, but S3_BUCKET is no longer set')
      return
    }
    const archive = new Archive(stream.id, { storage, folder, limit: this.#limit })
    const isOurs = (changed: Stream) => this.#isOurs(changed)
    const job = new RecordingJob({ ...this.#options, stream, archive, storage, isOurs })
    this.#jobs.set(stream.id, job)
    job.start()
    void job.done.then(() => this.#jobs.delete(stream.id))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#changes?.unsubscribe()
    this.#abort.abort()
    await Promise.all([this.#rounds, ...[...this.#jobs.values()].map((job) => job[Symbol.asyncDispose]())])
  }
}
