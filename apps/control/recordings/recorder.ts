// Decides which recordings this node works on, and runs a job (job.ts) for each. A job starts when its stream
// changes, or when a regular search of the database finds work. All that a job knows is also in the database or in
// the storage, so another process can continue it.
import { setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { Subscription } from 'rxjs'
import type { NodeView } from '../domain/recording-task.ts'
import { recordingTask } from '../domain/recording-task.ts'
import type { Stream } from '../domain/stream.ts'
import type { NodeLease } from '../nodes/node-lease.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { StreamStore } from '../streams/store.ts'
import { Archive, type Totals } from './archive.ts'
import { type JobOptions, RecordingJob } from './job.ts'
import { NodeAbsence } from './node-absence.ts'
import type { RecordingQueries } from './recording-queries.ts'
import type { Storage } from './storage.ts'
import { RecordingTasks, type TasksOptions } from './tasks.ts'

/** How often the database is searched for work, for changes that other nodes or an earlier process made. */
const ROUND_MS = 10_000
/** Segments of all streams that are being stored at a time. */
const CONCURRENT_TRANSFERS = 4

type Own = 'view' | 'storageOf' | 'openArchive' | 'stream' | 'tasks'

export interface RecorderOptions extends Omit<TasksOptions & JobOptions, Own> {
  readonly store: StreamStore
  readonly queries: RecordingQueries
  readonly lease: NodeLease
  readonly folder: HlsFolder
  readonly storages: readonly Storage[]
}

export class Recorder implements AsyncDisposable {
  readonly #options: RecorderOptions
  readonly #jobs = new Map<string, RecordingJob>()
  readonly #limit = pLimit(CONCURRENT_TRANSFERS)
  readonly #abort = new AbortController()
  readonly #absence = new NodeAbsence()
  readonly #view: NodeView
  /** Streams whose recording was reported to be out of reach. */
  readonly #unreachable = new Set<string>()
  #changes: Subscription | null = null
  #rounds: Promise<void> = Promise.resolve()

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#view = {
      nodeId: options.nodeId,
      canReach: (storageId) => this.#storage(storageId) !== undefined,
      isDead: (nodeId) => nodeId !== options.nodeId && this.#absence.isDeadFor(nodeId, options.patienceMs),
    }
  }

  /**
   * Removes the files of recordings that were deleted while this node was away, and reacts to changes from then on.
   * The rounds find recordings that were active before. The storages have to be open.
   * @throws DatabaseUnavailableError
   */
  async start(): Promise<void> {
    const { queries, storages, nodeId, streams } = this.#options
    for (const { kind, id } of storages) await queries.claim(nodeId, kind, id)
    await this.#removeDeleted()
    this.#changes = streams.changes$.subscribe(({ stream }) => this.#update(stream))
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

  /** Before this node serves anything. The rounds report the removal, and repeat what fails here. */
  async #removeDeleted(): Promise<void> {
    const { queries, storages, logger } = this.#options
    // nginx serves only what is in a folder; for S3 every request is checked against the database.
    const folders = storages.filter(({ kind }) => kind === 'folder')
    for (const { id, recording } of await queries.active()) {
      if (recording?.status !== 'deleting') continue
      for (const folder of folders) {
        if (!recording.parts.some(({ storageId }) => storageId === folder.id)) continue
        await folder.remove(id, this.#abort.signal).catch((error: unknown) => {
          logger.warn(
            { err: error, stream: id },
            'files of a deleted recording could not be removed; retrying',
          )
        })
      }
    }
  }

  async #runRounds(): Promise<void> {
    const { signal } = this.#abort
    const { finalizer, store, logger } = this.#options
    const isUnfinished = async (id: string) => (await store.find(id))?.recording?.status === 'processing'
    await finalizer
      .removeLeftovers(isUnfinished)
      .catch((error: unknown) =>
        logger.warn(
          { err: error },
          'files that an earlier process left in the work folder could not be removed',
        ),
      )
    while (!signal.aborted) {
      await this.round().catch((error: unknown) => {
        logger.warn({ err: error }, 'recordings could not be looked up; retrying')
      })
      await delay(ROUND_MS, undefined, { signal }).catch(() => {})
    }
  }

  /** Searches once for recordings that need work. @throws DatabaseUnavailableError */
  async round(): Promise<void> {
    const { queries, lease } = this.#options
    const { alive, isCertain } = lease.peers
    this.#absence.observe(alive, isCertain)
    const active = await queries.active().catch((error: unknown) => {
      // While the database is away nobody can be seen to be alive.
      this.#absence.forget()
      throw error
    })
    for (const stream of active) {
      this.#update(stream)
      this.#reportUnreachable(stream)
    }
    // No change is reported here for what another node finished or deleted.
    const known = new Set(active.map(({ id }) => id))
    for (const id of this.#jobs.keys()) if (!known.has(id)) await this.look(id)
  }

  /** Reads a stream that another node may have changed, and acts on it. @throws DatabaseUnavailableError */
  async look(id: string): Promise<void> {
    const stream = await this.#options.store.find(id)
    if (stream !== null) this.#update(stream)
    else this.#jobs.get(id)?.streamIsGone()
  }

  #update(stream: Stream): void {
    const job = this.#jobs.get(stream.id)
    if (job !== undefined) job.update(stream)
    else if (recordingTask(stream.recording, this.#view) !== null) this.#startJob(stream)
  }

  /** This node began a recording in a storage that it does not use any more, so it cannot go on. */
  #reportUnreachable({ id, recording }: Stream): void {
    const { nodeId, logger } = this.#options
    const own = recording?.parts.filter((part) => part.nodeId === nodeId) ?? []
    if (this.#unreachable.has(id) || own.every(({ storageId }) => this.#view.canReach(storageId))) return
    this.#unreachable.add(id)
    logger.error({ stream: id }, 'a recording is in a storage that is not in the settings any more')
  }

  #startJob(stream: Stream): void {
    if (this.#abort.signal.aborted) return
    const { folder, nodeId } = this.#options
    const tasks = new RecordingTasks({
      ...this.#options,
      view: this.#view,
      storageOf: (id) => this.#storage(id),
      openArchive: (storage) => new Archive(stream.id, { storage, folder, nodeId, limit: this.#limit }),
    })
    const job = new RecordingJob({ ...this.#options, stream, tasks })
    this.#jobs.set(stream.id, job)
    job.start()
    void job.done.then(() => this.#jobs.delete(stream.id))
  }

  #storage(id: string): Storage | undefined {
    return this.#options.storages.find((storage) => storage.id === id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#changes?.unsubscribe()
    this.#abort.abort()
    await Promise.all([this.#rounds, ...[...this.#jobs.values()].map((job) => job[Symbol.asyncDispose]())])
  }
}
