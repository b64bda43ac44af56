// The table of tries to publish: writing, listing, removing old entries.
import { createHash } from 'node:crypto'
import type { AttemptPosition } from '../api/attempt-schemas.ts'
import type { Database } from '../database/database.ts'
import { retryConflicts } from '../database/errors.ts'
import type { Value } from '../database/pool.ts'
import type { Attempt, AttemptResult } from '../domain/attempt.ts'
import { keyHashText } from '../domain/keys.ts'

const ROWS_PER_STATEMENT = 200
/** Tries within one minute of this clock that differ in nothing but the time are one entry. */
const MINUTE_MS = 60_000

/** What is kept. The oldest entries go first. */
export const KEPT_DAYS = 30
export const KEPT_PER_STREAM = 200
export const KEPT_WITHOUT_STREAM = 10_000
export const KEPT_IN_ALL = 100_000
const DAY_MS = 24 * 60 * 60 * 1_000

/** Tries that differ in nothing but the time. */
export interface Counted {
  /** The last of them. */
  readonly attempt: Attempt
  readonly firstAt: Date
  readonly tries: number
}

export interface StoredAttempt {
  readonly id: number
  readonly streamId: string | null
  readonly firstAt: Date
  readonly lastAt: Date
  readonly tries: number
  readonly address: string | null
  readonly encoder: string | null
  readonly result: AttemptResult
  readonly detail: string | null
}

export interface AttemptPage {
  readonly attempts: readonly StoredAttempt[]
  readonly next: AttemptPosition | null
}

export class AttemptTable {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Adds entries, or adds to those of the same minute. @throws DatabaseUnavailableError */
  async write(entries: readonly Counted[]): Promise<void> {
    const resolved = await this.#findReplacedKeys(entries)
    for (let at = 0; at < resolved.length; at += ROWS_PER_STATEMENT) {
      const rows = resolved.slice(at, at + ROWS_PER_STATEMENT)
      // IGNORE: a stream that was deleted meanwhile takes its tries with it.
      const sql = `INSERT IGNORE INTO attempts
          (fingerprint, stream_id, first_at, last_at, tries, address, encoder, result, detail)
        VALUES ${rows.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}
        ON DUPLICATE KEY UPDATE tries = tries + VALUES(tries), last_at = GREATEST(last_at, VALUES(last_at)),
          encoder = VALUES(encoder), detail = VALUES(detail)`
      const values = rows.flatMap(toValues)
      // Not a prepared statement: each number of rows would be another one.
      await retryConflicts(() => this.#database.sql.use((connection) => connection.query(sql, values)))
    }
  }

  /** A key that no stream has may be one that was replaced: then the try belongs to that stream. */
  async #findReplacedKeys(entries: readonly Counted[]): Promise<readonly Counted[]> {
    const hashes = entries.flatMap(({ attempt: { keyHash } }) => (keyHash === undefined ? [] : [keyHash]))
    if (hashes.length === 0) return entries
    const sql = `SELECT id, replaced_key_hash AS keyHash FROM streams
      WHERE replaced_key_hash IN (${hashes.map(() => '?').join(', ')})`
    const rows = await this.#database.sql.use(async (connection) => {
      const [found] = await connection.query(sql, [hashes.map((hash) => Buffer.from(hash))].flat())
      return found as { id: string; keyHash: Uint8Array }[]
    })
    const streams = new Map(rows.map(({ id, keyHash }) => [keyHashText(keyHash), id]))
    return entries.map((entry) => {
      const { keyHash } = entry.attempt
      const streamId = keyHash === undefined ? undefined : streams.get(keyHashText(keyHash))
      if (streamId === undefined) return entry
      return { ...entry, attempt: { ...entry.attempt, streamId, result: 'rotated' } }
    })
  }

  /**
   * Newest first.
   * @param streamId null: of all streams, and those without one
   * @throws DatabaseUnavailableError
   */
  async list(streamId: string | null, limit: number, from: AttemptPosition | null): Promise<AttemptPage> {
    const conditions = ['TRUE']
    const values: Value[] = []
    if (streamId !== null) {
      conditions.push('stream_id = ?')
      values.push(streamId)
    }
    if (from !== null) {
      conditions.push('(last_at < ? OR (last_at = ? AND id < ?))')
      values.push(from.at, from.at, from.id)
    }
    const rows = await this.#database.sql.rows<StoredAttempt>(
      `SELECT id, stream_id AS streamId, first_at AS firstAt, last_at AS lastAt, tries, address, encoder, result, detail
       FROM attempts WHERE ${conditions.join(' AND ')} ORDER BY last_at DESC, id DESC LIMIT ?`,
      [...values, String(limit + 1)],
    )
    const attempts = rows.slice(0, limit)
    const last = attempts.at(-1)
    const next = rows.length > limit && last !== undefined ? { at: last.lastAt, id: last.id } : null
    return { attempts, next }
  }

  /** Removes what is older or more than what is kept. @throws DatabaseUnavailableError */
  async prune(now: Date): Promise<void> {
    const oldest = new Date(now.getTime() - KEPT_DAYS * DAY_MS)
    await this.#remove('last_at < ?', [oldest])
    await this.#keepNewest('stream_id IS NULL', [], KEPT_WITHOUT_STREAM)
    const long = await this.#database.sql.rows<{ streamId: string }>(
      `SELECT stream_id AS streamId FROM attempts WHERE stream_id IS NOT NULL
       GROUP BY stream_id HAVING COUNT(*) > ${KEPT_PER_STREAM}`,
      [],
    )
    for (const { streamId } of long) await this.#keepNewest('stream_id = ?', [streamId], KEPT_PER_STREAM)
    await this.#keepNewest('TRUE', [], KEPT_IN_ALL)
  }

  async #keepNewest(condition: string, values: readonly Value[], count: number): Promise<void> {
    const [first] = await this.#database.sql.rows<{ lastAt: Date; id: number }>(
      `SELECT last_at AS lastAt, id FROM attempts WHERE ${condition} ORDER BY last_at DESC, id DESC LIMIT 1 OFFSET ${count}`,
      values,
    )
    if (first === undefined) return
    const { lastAt, id } = first
    const older = `${condition} AND (last_at < ? OR (last_at = ? AND id <= ?))`
    await this.#remove(older, [...values, lastAt, lastAt, id])
  }

  async #remove(condition: string, values: readonly Value[]): Promise<void> {
    await retryConflicts(() => this.#database.sql.change(`DELETE FROM attempts WHERE ${condition}`, values))
  }
}

function toValues({ attempt, firstAt, tries }: Counted): Value[] {
  const { at, streamId, address, encoder, result, detail } = attempt
  const minute = Math.floor(firstAt.getTime() / MINUTE_MS)
  const fingerprint = createHash('sha256').update(`${minute} ${streamId} ${address} ${result}`).digest()
  return [fingerprint.subarray(0, 16), streamId, firstAt, at, tries, address, encoder, result, detail]
}
