// Decides which recordings this node works on, and runs a job (job.ts) for each. Jobs start when a change or
// a look at the database asks for it. A job keeps nothing that the database and the storage don't have, so a
// restart takes it up again.
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

/** How often the database is asked what is to be recorded, for what nobody has told. */
const ROUND_MS = 10_000
/** Segments on their way into a storage, of all streams. */
const TRANSFERS_AT_ONCE = 4

export interface RecorderOptions extends Omit<JobOptions, 'stream' | 'archive' | 'storage' | 'isOurs'> {
  readonly store: StreamStore
  readonly queries: RecordingQueries
  readonly lease: NodeLease
  readonly folder: HlsFolder
  readonly storages: readonly Storage[]
  /** Finisher's; what a process before has left there goes. */
  readonly workDir: string
  readonly now: () => Date
}

export class Recorder implements AsyncDisposable {
  readonly #options: RecorderOptions
  readonly #jobs = new Map<string, RecordingJob>()
  readonly #turn = pLimit(TRANSFERS_AT_ONCE)
  readonly #abort = new AbortController()
  #changes: Subscription | null = null
  /** Null: it can't be told yet who is gone. */
  #aliveNodes: ReadonlySet<string> | null = null
  #rounds: Promise<void> = Promise.resolve()

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Follows changes from now on. Recordings that were active before are taken up by the rounds. */
  start(): void {
    this.#changes = this.#options.streams.changes$.subscribe(({ stream }) => this.#follow(stream))
  }

  /** Looks at once for recordings that an earlier process left unfinished, and again every 10 s. */
  startRounds(): void {
    this.#rounds = this.#run()
  }

  /** What is kept of a recording that is under way here; null: it is not, or that is not known yet. */
  progress(streamId: string): Totals | null {
    return this.#jobs.get(streamId)?.totals ?? null
  }

  /** Recordings that something is being done for. */
  get jobCount(): number {
    return this.#jobs.size
  }

  /** Bytes of all recordings that are under way here. */
  get activeBytes(): number {
    return [...this.#jobs.values()].reduce((sum, { totals }) => sum + (totals?.sizeBytes ?? 0), 0)
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
    const { store, queries, lease, folder } = this.#options
    const { alive, isCertain } = await lease.others()
    this.#aliveNodes = isCertain ? new Set(alive) : null
    const active = await queries.active()
    for (const stream of active) {
      // A broadcast that went on at another node may have left a part of it here.
      const hasPart = stream.status !== 'ended' && (await folder.version(stream.id)) !== null
      if (hasPart && !this.#jobs.has(stream.id)) this.#begin(stream)
      else this.#follow(stream)
    }
    // What another node has finished or deleted nobody tells.
    const known = new Set(active.map(({ id }) => id))
    for (const id of this.#jobs.keys()) {
      const stream = known.has(id) ? null : await store.find(id)
      if (stream !== null) this.#follow(stream)
    }
  }

  #follow(stream: Stream): void {
    const job = this.#jobs.get(stream.id)
    if (job !== undefined) {
      job.tell(stream)
    } else if (isActiveRecording(stream.recording) && this.#isOurs(stream)) {
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
    const archive = new Archive(stream.id, { storage, folder, turn: this.#turn })
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
