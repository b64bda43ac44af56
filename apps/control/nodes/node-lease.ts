// This node's lease in the database, which it renews while it is alive, and the leases of the other nodes.
// When a node's lease has run out, the others declare it dead and take over its streams.
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../common/logger.ts'
import type { Database } from '../database/database.ts'

/**
 * Longer than a restart of control takes, and short enough that the publishers of a dead node can
 * reconnect through another node within 15 s.
 */
const LEASE_SECONDS = 12
/** Renewals further apart than this mean that the database was unreachable. */
const STEADY_MS = 6_000
/** The place of a lease that was handed back at a clean stop. */
const NOWHERE = ''
const LOOK_EVERY_MS = 1_000

export interface NodeLeaseOptions {
  readonly database: Database
  readonly logger: Logger
  readonly nodeId: string
  /** Identifies this control: the same after a restart, different for another control. */
  readonly place: string
  /** A monotonic clock, in milliseconds. */
  readonly monotonicMs?: () => number
}

/** Two controls with the same NODE_ID would end each other's publishers. */
export class NodeIdTakenError extends Error {
  override name = 'NodeIdTakenError'
}

export class NodeLease implements AsyncDisposable {
  readonly #options: NodeLeaseOptions
  #held = false
  /** Since when this node has renewed its lease without a gap. */
  #steadySince = Number.POSITIVE_INFINITY
  #renewedAt = Number.NEGATIVE_INFINITY

  readonly #monotonicMs: () => number

  constructor(options: NodeLeaseOptions) {
    this.#options = options
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
  }

  /**
   * Takes the lease. A lease with the same place is this control's own from before a restart and is taken at
   * once; any other has to run out first.
   * @throws NodeIdTakenError when another control keeps renewing it
   */
  async take(): Promise<void> {
    const { nodeId, place, logger } = this.#options
    let first: Date | undefined
    while (!(await this.#tryTake())) {
      const holder = await this.#holder()
      if (holder === null) continue
      first ??= holder.leaseUntil
      if (holder.leaseUntil > first) {
        throw new NodeIdTakenError(
          `NODE_ID ${nodeId} is in use by another control (${holder.place}). Give each node its own NODE_ID.`,
        )
      }
      logger.warn(
        { node: nodeId, holder: holder.place, place },
        'another control holds the lease of this NODE_ID; waiting for it to run out',
      )
      await delay(LOOK_EVERY_MS)
    }
    this.#held = true
  }

  /** @throws NodeIdTakenError when another control has taken the lease */
  async renew(): Promise<void> {
    const before = this.#renewedAt
    this.#renewedAt = this.#monotonicMs()
    if (this.#renewedAt - before > STEADY_MS) this.#steadySince = this.#renewedAt
    if (!(await this.#tryTake())) {
      throw new NodeIdTakenError(`NODE_ID ${this.#options.nodeId} was taken over by another control.`)
    }
  }

  /**
   * The other nodes: those that are alive, and those whose lease has run out. While the database is unreachable
   * no node can renew, so a node counts as dead only after this node has renewed for a whole lease.
   */
  async others(): Promise<{ alive: string[]; gone: string[]; isCertain: boolean }> {
    const { database, nodeId } = this.#options
    const rows = await database.sql.rows<{ id: string; alive: number }>(
      'SELECT id, lease_until > UTC_TIMESTAMP(3) AS alive FROM nodes WHERE id <> ?',
      [nodeId],
    )
    const idsWhere = (alive: boolean) =>
      rows.filter((row) => (row.alive === 1) === alive).map((row) => row.id)
    const isCertain = this.#monotonicMs() - this.#steadySince > LEASE_SECONDS * 1_000
    return { alive: idsWhere(true), gone: isCertain ? idsWhere(false) : [], isCertain }
  }

  /** Removes a dead node that has no streams left. */
  async forget(nodeId: string): Promise<void> {
    await this.#options.database.run(
      (client) =>
        client.$executeRaw`DELETE FROM nodes WHERE id = ${nodeId} AND lease_until <= UTC_TIMESTAMP(3)`,
    )
  }

  /** Each statement is atomic, so of two controls that try at the same time one succeeds. Uses the database's clock. */
  async #tryTake(): Promise<boolean> {
    const { database, nodeId, place } = this.#options
    const renewed = await database.sql.change(
      `UPDATE nodes SET place = ?, lease_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND
       WHERE id = ? AND (place IN (?, ?) OR lease_until <= UTC_TIMESTAMP(3))`,
      [place, LEASE_SECONDS, nodeId, place, NOWHERE],
    )
    if (renewed === 1) return true
    const inserted = await database.sql.change(
      `INSERT IGNORE INTO nodes (id, place, lease_until)
       VALUES (?, ?, UTC_TIMESTAMP(3) + INTERVAL ? SECOND)`,
      [nodeId, place, LEASE_SECONDS],
    )
    return inserted === 1
  }

  async #holder(): Promise<{ place: string; leaseUntil: Date } | null> {
    const { database, nodeId } = this.#options
    return database.run((client) => client.node.findUnique({ where: { id: nodeId } }))
  }

  /** Hands the lease back, so that the next control with this NODE_ID need not wait. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#held) return
    const { database, nodeId, place, logger } = this.#options
    try {
      await database.run((client) =>
        client.node.updateMany({ where: { id: nodeId, place }, data: { place: NOWHERE } }),
      )
    } catch (error) {
      logger.warn({ err: error }, 'the lease could not be handed back; it will run out')
    }
  }
}
