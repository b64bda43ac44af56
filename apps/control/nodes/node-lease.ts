// This node's lease on its NODE_ID: a row in the database that its control renews while it runs, and from which
// the other nodes see that it is alive. Reads the leases of the others with each renewal.
import { setTimeout as delay } from 'node:timers/promises'
import { nanoid } from 'nanoid'
import { BehaviorSubject, type Observable } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { Secret } from '../domain/secret.ts'
import type { DatabaseClock } from './database-clock.ts'
import { installationFile, readInstallationId } from './installation.ts'
import { type NodeHolder, NodeTable } from './node-table.ts'
import { LEASE_MS, NO_PEERS, type NodeRow, PeerJudge, type Peers, RENEW_MS, stateOf } from './peers.ts'

/**
 * A control that finds its own lease from before a restart takes it over after this much silence. If it was
 * renewed within this time, the process before still runs, or there is a copy of this installation.
 */
const OWN_SILENCE_MS = 3_000
const LOOK_EVERY_MS = 250

export interface NodeLeaseOptions {
  readonly databaseUrl: Secret
  readonly clock: DatabaseClock
  readonly logger: Logger
  readonly nodeId: string
  /** DATA_DIR */
  readonly dataDir: string
  /** Host name and port of this control, for messages. */
  readonly address: string
  /** A monotonic clock, in milliseconds. */
  readonly monotonicMs?: (() => number) | undefined
}

/** Another control uses this NODE_ID. Two with the same one would end each other's publishers. */
export class NodeIdTakenError extends Error {
  override name = 'NodeIdTakenError'
}

export class NodeLease implements AsyncDisposable {
  readonly #options: NodeLeaseOptions
  readonly #table: NodeTable
  readonly #monotonicMs: () => number
  readonly #judge = new PeerJudge()
  readonly #peers = new BehaviorSubject<Peers>(NO_PEERS)
  /** The other nodes, after each reading. */
  readonly peers$: Observable<Peers> = this.#peers.asObservable()
  readonly #abort = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  #round: Promise<void> | null = null
  /** This control as it stands in the table; null before `take`. */
  #self: NodeHolder | null = null
  /** When the last successful renewal began. */
  #renewedMs = Number.NEGATIVE_INFINITY
  #isLost = false
  readonly #loss = Promise.withResolvers<never>()
  /** Rejects with a NodeIdTakenError once another control has taken the lease; then this one must stop. */
  readonly lost: Promise<never> = this.#loss.promise

  constructor(options: NodeLeaseOptions) {
    this.#options = options
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
    this.#table = new NodeTable(options.databaseUrl, this.#monotonicMs)
    this.lost.catch(() => {})
  }

  /**
   * Takes the lease: at once when it is free or was handed back, after OWN_SILENCE_MS of silence when it is
   * this installation's own from before a restart, and otherwise when it has run out.
   * @throws NodeIdTakenError when another control renews it meanwhile; DatabaseUnavailableError
   */
  async take(): Promise<void> {
    const { nodeId, dataDir, address, logger, clock } = this.#options
    const self = {
      id: nodeId,
      installation: await readInstallationId(dataDir),
      incarnation: nanoid(),
      address,
    }
    let first: { readonly state: string; readonly atMs: number } | null = null
    for (;;) {
      const startedMs = this.#monotonicMs()
      const reading = await this.#table.read()
      clock.observe(reading)
      const row = reading.rows.find(({ id }) => id === nodeId)
      if (row === undefined) {
        first = null
        if (await this.#table.insert(self)) return this.#taken(self, startedMs)
        continue
      }
      const state = stateOf(row)
      if (first !== null && first.state !== state && row.incarnation !== '') throw this.#takenBy(row, self)
      if (first === null && row.incarnation !== '')
        logger.info({ node: nodeId, holder: row.address }, 'waiting for the lease of the control before')
      first ??= { state, atMs: reading.answeredMs }
      const silenceMs = Math.max(
        reading.databaseNow.getTime() - row.renewedAt.getTime(),
        reading.askedMs - first.atMs,
      )
      const enoughMs = row.installation === self.installation ? OWN_SILENCE_MS : LEASE_MS
      const isFree = row.incarnation === '' || silenceMs >= enoughMs
      if (isFree && (await this.#table.replace(row, self))) return this.#taken(self, startedMs)
      await delay(LOOK_EVERY_MS)
    }
  }

  #taken(self: NodeHolder, atMs: number): void {
    this.#self = self
    this.#renewedMs = atMs
  }

  /** Starts to renew the lease and to look at the other nodes, every 2 s. */
  startRounds(): void {
    this.#loop = this.#run()
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted && !this.#isLost) {
      const startedMs = this.#monotonicMs()
      await this.round().catch((error: unknown) =>
        this.#options.logger.warn({ err: error }, 'the node’s lease could not be renewed; trying again'),
      )
      const tookMs = this.#monotonicMs() - startedMs
      await delay(Math.max(0, RENEW_MS - tookMs), undefined, { signal }).catch(() => {})
    }
  }

  /** Renews the lease and looks at the other nodes, once. @throws DatabaseUnavailableError */
  round(): Promise<void> {
    this.#round ??= this.#renewAndRead().finally(() => {
      this.#round = null
    })
    return this.#round
  }

  async #renewAndRead(): Promise<void> {
    const self = this.#self
    if (self === null || this.#isLost) return
    const startedMs = this.#monotonicMs()
    // The row is missing when this node was silent for so long that another has removed it.
    const isRenewed = (await this.#table.renew(self)) || (await this.#table.insert(self))
    if (isRenewed) this.#renewedMs = startedMs
    const reading = await this.#table.read()
    this.#options.clock.observe(reading)
    const holder = reading.rows.find(({ id }) => id === self.id)
    if (!isRenewed && holder !== undefined) return this.#lose(this.#takenBy(holder, self))
    this.#tell(this.#judge.observe({ ...reading, rows: reading.rows.filter(({ id }) => id !== self.id) }))
  }

  #tell(peers: Peers): void {
    const before = new Set(this.#peers.value.dead.map(({ id }) => id))
    for (const { id, address } of peers.dead) {
      if (!before.has(id))
        this.#options.logger.warn({ node: id, address }, 'a node is dead: it has not renewed its lease')
    }
    this.#peers.next(peers)
  }

  #lose(error: NodeIdTakenError): void {
    this.#isLost = true
    this.#options.logger.fatal({ reason: error.message }, 'this control has lost its lease and stops')
    this.#loss.reject(error)
  }

  /**
   * Whether this control is still the one that may speak for the node. Renews first when so much time has
   * passed that another control may have taken the lease, for example because this process was frozen.
   * @throws DatabaseUnavailableError
   */
  async isHeld(): Promise<boolean> {
    if (!this.#isLost && this.#monotonicMs() - this.#renewedMs >= OWN_SILENCE_MS) await this.round()
    return !this.#isLost
  }

  /** The other nodes, as of the last reading. */
  get peers(): Peers {
    return this.#peers.value
  }

  /** Whether a node was dead at the last reading. */
  isDead(nodeId: string): boolean {
    return this.#peers.value.dead.some(({ id }) => id === nodeId)
  }

  /** Removes a dead node that has no streams left. @throws DatabaseUnavailableError */
  async forget(row: NodeRow): Promise<void> {
    await this.#table.remove(row)
  }

  #takenBy(holder: NodeRow, self: NodeHolder): NodeIdTakenError {
    const { nodeId, dataDir } = this.#options
    const advice =
      holder.installation === self.installation
        ? 'Both have the same installation id, so one DATA_DIR is a copy of the other. On the copy, stop OnAir, ' +
          `delete ${installationFile(dataDir)}, set a NODE_ID of its own, and start it again.`
        : 'Give each node its own NODE_ID.'
    return new NodeIdTakenError(
      `NODE_ID ${nodeId} is in use by another control (${holder.address}). ${advice}`,
    )
  }

  /** Hands the lease back, so that the next control with this NODE_ID need not wait. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#loop
    await this.#round?.catch(() => {})
    if (this.#self !== null && !this.#isLost) {
      await this.#table.handBack(this.#self).catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'the lease could not be handed back; it will run out')
      })
    }
    this.#self = null
    this.#peers.complete()
    await this.#table[Symbol.asyncDispose]()
  }
}
