// The table of nodes, and the statements on it. Each changes a row only in the state in which it was seen, so of
// two controls that try the same, one succeeds.

import { ConnectionPool } from '../database/pool.ts'
import type { Secret } from '../domain/secret.ts'
import type { NodeRow, TableReading } from './peers.ts'

/** A row that is about to be written. */
export type NodeHolder = Omit<NodeRow, 'renewedAt'>

export class NodeTable implements AsyncDisposable {
  /** A connection of its own: a renewal must not wait behind other work when the database is busy. */
  readonly #sql: ConnectionPool
  readonly #monotonicMs: () => number
  #closing: Promise<void> | null = null

  constructor(url: Secret, monotonicMs: () => number) {
    this.#sql = new ConnectionPool(url)
    this.#monotonicMs = monotonicMs
  }

  /** All rows, and the database's clock. @throws DatabaseUnavailableError */
  async read(): Promise<TableReading> {
    const askedMs = this.#monotonicMs()
    // From a table of one row, so that the time comes even when there are no nodes.
    const rows = await this.#sql.rows<NodeRow & { databaseNow: Date; id: string | null }>(
      `SELECT now.at AS databaseNow, id, installation, incarnation, address, renewed_at AS renewedAt
       FROM (SELECT UTC_TIMESTAMP(3) AS at) AS now LEFT JOIN nodes ON TRUE`,
      [],
    )
    const answeredMs = this.#monotonicMs()
    const databaseNow = rows[0]?.databaseNow ?? new Date(Number.NaN)
    return { databaseNow, askedMs, answeredMs, rows: rows.filter(({ id }) => id !== null) }
  }

  /** @returns whether this incarnation still has the row. @throws DatabaseUnavailableError */
  async renew({ id, incarnation }: NodeHolder): Promise<boolean> {
    const renewed = await this.#sql.change(
      'UPDATE nodes SET renewed_at = UTC_TIMESTAMP(3) WHERE id = ? AND incarnation = ?',
      [id, incarnation],
    )
    return renewed === 1
  }

  /** @returns whether there was no row for this node. @throws DatabaseUnavailableError */
  async insert({ id, installation, incarnation, address }: NodeHolder): Promise<boolean> {
    const inserted = await this.#sql.change(
      `INSERT IGNORE INTO nodes (id, installation, incarnation, address, renewed_at)
       VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))`,
      [id, installation, incarnation, address],
    )
    return inserted === 1
  }

  /** @returns whether `from` was still in the table and is now replaced. @throws DatabaseUnavailableError */
  async replace(from: NodeRow, { installation, incarnation, address }: NodeHolder): Promise<boolean> {
    const replaced = await this.#sql.change(
      `UPDATE nodes SET installation = ?, incarnation = ?, address = ?, renewed_at = UTC_TIMESTAMP(3)
       WHERE id = ? AND incarnation = ? AND renewed_at = ?`,
      [installation, incarnation, address, from.id, from.incarnation, from.renewedAt],
    )
    return replaced === 1
  }

  /** Marks the row as handed back, if this incarnation still has it. @throws DatabaseUnavailableError */
  async handBack({ id, incarnation }: NodeHolder): Promise<void> {
    await this.#sql.change("UPDATE nodes SET incarnation = '' WHERE id = ? AND incarnation = ?", [
      id,
      incarnation,
    ])
  }

  /** Removes the row of a dead node, unless it has come back. @throws DatabaseUnavailableError */
  async remove({ id, incarnation, renewedAt }: NodeRow): Promise<void> {
    await this.#sql.change('DELETE FROM nodes WHERE id = ? AND incarnation = ? AND renewed_at = ?', [
      id,
      incarnation,
      renewedAt,
    ])
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#sql[Symbol.asyncDispose]()
    return this.#closing
  }
}
