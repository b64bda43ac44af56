// The table of deleted streams: hashes of their ids. A stream's tombstone is committed with its deletion and stays for
// good, so that a node that was away, or something that still writes, brings nothing back.
import type { Database } from '../database/database.ts'
import type { Statement } from '../database/transactions.ts'
import { hashStreamId } from '../domain/keys.ts'
import { IF_CHANGED } from '../events/append.ts'

/** Streams that one statement asks for. */
const BATCH = 200

/** For the transaction that deletes a stream, right behind its event. */
export function burying(id: string, deletedAt: Date): Statement[] {
  return [
    {
      sql: `INSERT INTO tombstones (id_hash, deleted_at) SELECT ?, ? FROM DUAL WHERE ${IF_CHANGED}`,
      values: [hashStreamId(id), deletedAt],
    },
    {
      // They keep their places: readers' cursors, and the comparison with what other processes have read, need them.
      sql: `UPDATE events SET was_live = FALSE, data = ''
            WHERE stream_id = ? AND type <> 'stream.deleted' AND ${IF_CHANGED}`,
      values: [id],
    },
    {
      sql: `DELETE FROM attempts WHERE stream_id = ?
            AND EXISTS (SELECT 1 FROM streams WHERE id = ? AND deleted_at IS NOT NULL)`,
      values: [id, id],
    },
  ]
}

export class Tombstones {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Those of the streams that were deleted. @throws DatabaseUnavailableError */
  async among(ids: readonly string[]): Promise<string[]> {
    const deleted: string[] = []
    for (let at = 0; at < ids.length; at += BATCH) {
      const byHash = new Map(ids.slice(at, at + BATCH).map((id) => [hashStreamId(id).toString('hex'), id]))
      const places = [...byHash].map(() => 'UNHEX(?)').join(', ')
      const sql = `SELECT id_hash AS hash FROM tombstones WHERE id_hash IN (${places})`
      const rows = await this.#database.sql.rows<{ hash: Buffer }>(sql, [...byHash.keys()])
      deleted.push(...rows.flatMap(({ hash }) => byHash.get(hash.toString('hex')) ?? []))
    }
    return deleted
  }
}
