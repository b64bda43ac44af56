// This node's sign of life in the database, and who else gives one. A node whose lease has run out is
// gone for good as far as the others are concerned: they take over what its database rows say.
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../common/logger.ts'
import type { Database } from '../database/database.ts'

/**
 * Longer than a restart of control takes, and short enough for a dead node's streamers to go on at
 * another within the 15 s that a ghost may lock them out.
 */
const LEASE_SECONDS = 12
/** Renewals further apart than this were not the rhythm of a reconciler whose database is there. */
const STEADY_MS = 6_000
/** The place of a lease that was handed back in order. */
const NOWHERE = ''
const LOOK_EVERY_MS = 1_000

export interface NodeLeaseOptions {
  readonly database: Database
  readonly logger: Logger
  readonly nodeId: string
  /** Where this control runs: the same after a restart, another for another control. */
  readonly place: string
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicMs?: () => number
}

/** Two controls with one NODE_ID would take each other's publishers for ghosts. */
export class NodeIdTakenError extends Error {
  override name = 'NodeIdTakenError'
}

export class NodeLease implements AsyncDisposable {
  readonly #options: NodeLeaseOptions
  #held = false
  /** Since when this node has renewed its lease without a break. */
  #steadySince = Number.POSITIVE_INFINITY
  #renewedAt = Number.NEGATIVE_INFINITY

  readonly #monotonicMs: () => number

  constructor(options: NodeLeaseOptions) {
    this.#options = options
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
  }

  /**
   * Takes the lease. One from the same place is this control's own, from before a restart; one from
   * elsewhere has to run out first.
   * @throws NodeIdTakenError when another control goes on renewing it
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
        'waiting for the lease of a control elsewhere to run out',
      )
      await delay(LOOK_EVERY_MS)
    }
    this.#held = true
  }

  /** @throws NodeIdTakenError when somebody else has taken it since */
  async renew(): Promise<void> {
    const before = this.#renewedAt
    this.#renewedAt = this.#monotonicMs()
    if (this.#renewedAt - before > STEADY_MS) this.#steadySince = this.#renewedAt
    if (!(await this.#tryTake())) {
      throw new NodeIdTakenError(`NODE_ID ${this.#options.nodeId} was taken over by another control.`)
    }
  }

  /**
   * The other nodes: those that are alive, and those whose lease has run out. While the database was
   * away nobody could renew: it is certain that a node is gone only if this one could have seen it renew for a whole lease.
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

  /** Forgets a node that is gone and has nothing left to be looked after. */
  async forget(nodeId: string): Promise<void> {
    await this.#options.database.run(
      (client) =>
        client.$executeRaw`DELETE FROM nodes WHERE id = ${nodeId} AND lease_until <= UTC_TIMESTAMP(3)`,
    )
  }

  /** Each statement alone decides, so that of two at once only one succeeds. The clock is the database's. */
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

  /** A stop in order: whoever comes next under this name, wherever, need not wait. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#held) return
    const { database, nodeId, place, logger } = this.#options
    try {
      await database.run((client) =>
        client.node.updateMany({ where: { id: nodeId, place }, data: { place: NOWHERE } }),
      )
    } catch (error) {
      logger.warn({ err: error }, 'the lease could not be handed back; it runs out by itself')
    }
  }
}
