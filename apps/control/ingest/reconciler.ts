// Finds what hooks and file events missed: at start and every few seconds, compares the database with nginx
// and the clock, and submits each difference as a fact. Running it twice changes nothing.
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from '../common/logger.ts'
import { Outage } from '../common/outage.ts'
import { DatabaseUnavailableError } from '../database/deadline.ts'
import { isSettled } from '../domain/admission.ts'
import type { Session, Stream } from '../domain/stream.ts'
import type { NodeLease } from '../nodes/node-lease.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { PlaylistWatcher } from '../playlists/watcher.ts'
import { type Progress, WriteProgress } from '../playlists/write-progress.ts'
import type { StreamService } from '../streams/service.ts'
import type { StreamStore } from '../streams/store.ts'
import { LeftPlaylists } from './left-playlists.ts'
import { isPublishing, type NginxClient, NginxUnavailableError, type Snapshot } from './nginx-client.ts'
import { NginxSilence } from './nginx-silence.ts'
import type { Removals } from './removals.ts'
import type { RunningLimits } from './running-limits.ts'
import { LOOK_AT_SEGMENTS_MS, StalledPlaylists } from './stalled-playlists.ts'
import type { Teardown } from './teardown.ts'

const ROUND_MS = 2_000
/** Used while nginx does not answer, to know soon whether it is away. */
const SILENT_ROUND_MS = 1_000
/** Used while nobody publishes here: no publisher can be lost unnoticed, and hooks report each new one. */
const QUIET_ROUND_MS = 4_000
/** How many streams are compared before other work gets its turn. */
const STREAMS_A_TURN = 50
/** How many overdue streams one round ends at most; the next round takes the rest. */
const OVERDUE_BATCH = 500
/** While nginx is silent, a segment that grows is the only sign that it is there. */
const SILENT_LOOK_AT_SEGMENTS_MS = 2_000
const NOTHING_WRITTEN_MS = 5_000

export interface ReconcilerOptions {
  readonly store: StreamStore
  readonly streams: StreamService
  readonly nginx: NginxClient
  readonly watcher: PlaylistWatcher
  readonly teardown: Teardown
  readonly removals: Removals
  readonly folder: HlsFolder
  readonly lease: NodeLease
  readonly runningLimits: RunningLimits
  readonly logger: Logger
  readonly nodeId: string
  readonly publicUrl: string
  readonly now: () => Date
}

export class Reconciler implements AsyncDisposable {
  readonly #options: ReconcilerOptions
  readonly #abort = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  readonly #outage: Outage
  readonly #silence = new NginxSilence()
  readonly #progress: WriteProgress
  readonly #stalled: StalledPlaylists
  readonly #left: LeftPlaylists
  /** Nobody publishes here, and no playlist has to be ended. */
  #isQuiet = false
  /** Publishers that the previous round found in nginx but not in the database: client numbers by stream. */
  #unknownPublishers: ReadonlyMap<string, number> = new Map()

  constructor(options: ReconcilerOptions) {
    this.#options = options
    const { folder, logger } = options
    this.#outage = new Outage({ what: 'nginx', logger })
    this.#progress = new WriteProgress(folder)
    this.#stalled = new StalledPlaylists(options)
    this.#left = new LeftPlaylists(options)
  }

  /** The first round begins now; each next one begins a while after the previous one has ended. */
  startRounds(): void {
    this.#loop = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      await this.round().catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'a reconciler round failed; the next one will retry')
      })
      const pauseMs = this.#silence.isSilent ? SILENT_ROUND_MS : this.#isQuiet ? QUIET_ROUND_MS : ROUND_MS
      await delay(pauseMs, undefined, { signal: this.#abort.signal }).catch(() => {})
    }
  }

  /** One comparison. @throws DatabaseUnavailableError */
  async round(): Promise<void> {
    const { store, streams, watcher, lease, nodeId, now } = this.#options
    // Another control that has taken this NODE_ID has its own nginx: its publishers are missing in this one.
    if (!(await lease.isHeld())) return
    for (const id of await store.overdue(now(), OVERDUE_BATCH)) {
      await this.#attempt(id, streams.submit(id, { kind: 'deadline-passed' }))
    }
    await this.#options.removals.round()
    // nginx is read before the database: a publisher that nginx lists by now was committed before.
    const seenAt = now()
    const snapshot = await this.#look()
    const mark = watcher.mark()
    const open = await store.openOnNode(nodeId)
    for (const [index, stream] of open.entries()) {
      if (index % STREAMS_A_TURN === STREAMS_A_TURN - 1) await nextTurn()
      await this.#attempt(stream.id, this.#compare(stream, snapshot, seenAt))
    }
    await this.#options.runningLimits.keep(open, snapshot)
    const ids = new Set(open.map((stream) => stream.id))
    this.#progress.keepOnly(ids)
    this.#stalled.keepOnly(ids)
    await this.#releaseWatches(open, mark)
    this.#isQuiet = open.length === 0 && snapshot?.live.size === 0 && !this.#left.hasOpen
    if (snapshot !== null) {
      await this.#dropUnknownPublishers(snapshot, open)
      await this.#left.round(snapshot, ids)
    }
  }

  /** @returns whether the publisher was accepted again: the stream had none, and its window was open */
  async #letBackIn({ id, keyHash }: Stream, clientId: number, { nginx }: Snapshot): Promise<boolean> {
    const { streams, folder, nodeId, publicUrl, now } = this.#options
    const session = { nodeId, nginx, clientId, acceptedAt: now(), baselineAt: await folder.modifiedAt(id) }
    const result = await streams.submit(id, { kind: 'publisher-accepted', session, keyHash, publicUrl })
    return result?.changed ?? false
  }

  /** Watches of streams that were ended or went live through another way, or another node, are let go. */
  async #releaseWatches(open: readonly Stream[], mark: number): Promise<void> {
    const { watcher, folder } = this.#options
    const awaited = open.filter(({ session, status }) => session !== null && status !== 'live')
    const released = watcher.keepOnly(new Set(awaited.map(({ id }) => id)), mark)
    for (const id of released) await this.#attempt(id, folder.removeMarker(id))
  }

  /** A failure for one stream must not stop the round for the others; only a database failure ends it. */
  async #attempt(id: string, work: Promise<unknown>): Promise<void> {
    try {
      await work
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) throw error
      this.#options.logger.error(
        { err: error, stream: id },
        'the reconciler could not correct a stream; the next round will retry',
      )
    }
  }

  async #look(): Promise<Snapshot | null> {
    const askedAtMs = performance.now()
    try {
      const snapshot = await this.#options.nginx.stat()
      this.#outage.succeeded()
      this.#silence.answered()
      return snapshot
    } catch (error) {
      if (!(error instanceof NginxUnavailableError)) throw error
      this.#outage.failed(error)
      this.#silence.failed(askedAtMs)
      return null
    }
  }

  async #compare(stream: Stream, snapshot: Snapshot | null, seenAt: Date): Promise<void> {
    const { streams, watcher, teardown, removals } = this.#options
    const { id, status, session, deletedAt } = stream
    if (deletedAt !== null) return void removals.run(id)
    if (status === 'ended') {
      if (snapshot !== null) void teardown.run(id)
      return
    }
    if (session === null) return
    const progress = await this.#lookAtFiles(id, session)
    if (isSettled(session, seenAt) && this.#isGone(id, session, snapshot, progress)) {
      await streams.submit(id, { kind: 'publisher-gone', session })
      return
    }
    if (status !== 'live') watcher.watch(id, session.baselineAt)
    if (snapshot !== null) await this.#stalled.check(stream, session, progress, snapshot)
  }

  #lookAtFiles(id: string, { nginx, clientId }: Session): Promise<Progress> {
    const after = this.#silence.isSilent ? SILENT_LOOK_AT_SEGMENTS_MS : LOOK_AT_SEGMENTS_MS
    return this.#progress.look(id, `${nginx} ${clientId}`, after)
  }

  /**
   * Whether a publisher is gone: nginx does not list it; or nginx is away, and nothing is written into the
   * stream's folder any more. As long as something is, nginx is there, though it can't be asked.
   */
  #isGone(id: string, session: Session, snapshot: Snapshot | null, { anyFileMs }: Progress): boolean {
    if (snapshot !== null) return !isPublishing(snapshot, id, session)
    return this.#silence.isAway && anyFileMs >= NOTHING_WRITTEN_MS
  }

  /**
   * Handles publishers that nginx has but the database does not: control did not accept them, or other
   * nodes declared this node dead. If the stream’s reconnect window is open, the publisher is accepted
   * again; all others are dropped. Only a publisher that two rounds have seen counts: nginx and
   * the database are read at different times, and the publisher may have changed in between.
   */
  async #dropUnknownPublishers(snapshot: Snapshot, open: readonly Stream[]): Promise<void> {
    const { nginx, logger } = this.#options
    const streams = new Map(open.map((stream) => [stream.id, stream]))
    const unknown = new Map<string, number>()
    for (const [id, clientId] of snapshot.live) {
      const stream = streams.get(id)
      const session = stream?.session ?? null
      if (clientId === null || (session !== null && isPublishing(snapshot, id, session))) continue
      unknown.set(id, clientId)
      if (this.#unknownPublishers.get(id) !== clientId) continue
      if (stream !== undefined && (await this.#letBackIn(stream, clientId, snapshot))) continue
      logger.warn({ stream: id, clientId }, 'nginx has a publisher that was not accepted; dropping it')
      await nginx.drop('live', id, clientId)
    }
    this.#unknownPublishers = unknown
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#loop
  }
}
