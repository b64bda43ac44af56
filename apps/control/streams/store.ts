// The write path of streams: reads the newest state, lets a caller decide on it, and commits the new state
// and its events in one short transaction.
import type { Database } from '../database/database.ts'
import { DatabaseUnavailableError } from '../database/deadline.ts'
import { retryConflicts, WriteConflictError } from '../database/errors.ts'
import type { Value } from '../database/pool.ts'
import type { Transactions } from '../database/transactions.ts'
import type { EventDraft, LoggedEvent } from '../domain/event.ts'
import { STREAM_ID } from '../domain/keys.ts'
import type { LimitRefusal } from '../domain/limits.ts'
import { type SessionRef, type Stream, sameSession } from '../domain/stream.ts'
import { commitWithEvents } from '../events/append.ts'
import { IF_PLACE, type Place, PlaceTransactions } from './publisher-places.ts'
import {
  fromRow,
  fromSelected,
  INSERT_STREAM,
  SELECT_STREAM,
  type SelectedRow,
  toValues,
  UPDATE_STREAM,
  type Versioned,
} from './rows.ts'
import { StreamMemory } from './stream-memory.ts'
import { burying } from './tombstones.ts'

/** How often a decision is made when others change the same stream at the same time. */
const MAX_ATTEMPTS = 10
/** How many streams one statement reads, so that other work can run in between. */
const READ_BATCH = 100
/** Streams that one statement removes. */
const REMOVE_BATCH = 500

/** What a decision asks the store to write. */
export interface Change {
  /** The same object as before when there is nothing to write. */
  readonly stream: Stream
  readonly events: readonly EventDraft[]
}

/** The result of a decision. */
export interface Applied<C extends Change> {
  /** The last decision, made on the newest state. */
  readonly change: C
  /** Whether there was anything to write. */
  readonly changed: boolean
  readonly events: readonly LoggedEvent[]
  /** Why there was no place for the broadcast, so that nothing was written; null: there was, or none was asked for. */
  readonly refusal: LimitRefusal | null
}

export class StreamStore {
  readonly #database: Database
  readonly #transactions: Transactions
  #memory = new StreamMemory()

  constructor(database: Database, transactions: Transactions) {
    this.#database = database
    this.#transactions = transactions
  }

  /** Stores a new stream together with its first events. @throws DatabaseUnavailableError */
  async insert({ stream, events }: Change): Promise<LoggedEvent[]> {
    const inserting = { sql: INSERT_STREAM, values: toValues({ stream, version: 1 }) }
    const logged = await retryConflicts(() => commitWithEvents(this.#transactions, inserting, events))
    this.#memory.remember({ stream, version: 1 })
    return logged ?? []
  }

  async find(id: string): Promise<Stream | null> {
    // The column ignores trailing spaces and rejects non-ASCII text, so only a well-formed id may be queried.
    if (!STREAM_ID.test(id)) return null
    const row = await this.#database.run((client) => client.stream.findUnique({ where: { id } }))
    return row === null ? null : fromRow(row).stream
  }

  /** The stream of a key from this process's cache, maybe out of date; null: it is not cached. */
  recall(keyHash: Uint8Array): Stream | null {
    return this.#memory.getByKey(keyHash)?.stream ?? null
  }

  async findByKeyHash(keyHash: Uint8Array<ArrayBuffer>): Promise<Stream | null> {
    return (await this.#readOne('key_hash', Buffer.from(keyHash)))?.stream ?? null
  }

  /**
   * The stream of a publisher that this node has or had last; null: none.
   * @throws DatabaseUnavailableError
   */
  async findBySession(session: SessionRef): Promise<Stream | null> {
    const condition = 'node_id = ? AND playlist_open = TRUE AND session_client_id = ?'
    const found = await this.#readAll(condition, [session.nodeId, session.clientId])
    const own = found.find(({ stream }) => stream.session !== null && sameSession(stream.session, session))
    return own?.stream ?? null
  }

  /**
   * Decides on the newest state of a stream and commits state and events together. When another process
   * changes the stream first, the decision is made again on the new state.
   * @param place what the change takes, if there is one
   * @returns null when there is no such stream
   * @throws DatabaseUnavailableError
   */
  async apply<C extends Change>(
    id: string,
    decide: (stream: Stream) => C,
    place?: Place,
  ): Promise<Applied<C> | null> {
    // The cached state saves a read. When it is out of date, the version does not match and nothing is
    // written. A decision that changes nothing is only accepted on a state that was just read.
    let current = this.#memory.get(id)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const isRemembered = current !== undefined
      current ??= await this.#readOne('id', id)
      if (current === undefined) return null
      const change = decide(current.stream)
      if (change.stream !== current.stream) {
        const { events, refusal } = await this.#commit(current, change, place)
        if (refusal !== null) return { change, changed: false, events: [], refusal }
        if (events !== null) {
          this.#memory.remember({ stream: change.stream, version: current.version + 1 })
          return { change, changed: true, events, refusal }
        }
      } else if (!isRemembered) {
        return { change, changed: false, events: [], refusal: null }
      }
      current = undefined
    }
    throw new DatabaseUnavailableError(`stream ${id} was changed by others ${MAX_ATTEMPTS} times in a row`)
  }

  /** Without events and without a refusal: another process changed the stream first, and nothing was written. */
  async #commit(
    { stream, version }: Versioned,
    change: Change,
    place?: Place,
  ): Promise<{ events: LoggedEvent[] | null; refusal: LimitRefusal | null }> {
    const taking = place === undefined ? null : new PlaceTransactions(this.#transactions, place)
    const next = toValues({ stream: change.stream, version: version + 1 })
    const sql = taking === null ? UPDATE_STREAM : UPDATE_STREAM + IF_PLACE
    const updating = { sql, values: [...next, stream.id, version] }
    const { deletedAt } = change.stream
    const burial = deletedAt !== null && stream.deletedAt === null ? burying(stream.id, deletedAt) : []
    try {
      const events = await commitWithEvents(taking ?? this.#transactions, updating, change.events, burial)
      return { events, refusal: taking?.refusal ?? null }
    } catch (error) {
      if (error instanceof WriteConflictError) return { events: null, refusal: null }
      throw error
    }
  }

  async #readOne(column: 'id' | 'key_hash', value: Value): Promise<Versioned | undefined> {
    const [read] = await this.#readAll(`${column} = ?`, [value])
    if (read !== undefined) this.#memory.remember(read)
    return read
  }

  async #readAll(condition: string, values: readonly Value[]): Promise<Versioned[]> {
    const rows = await this.#database.sql.rows<SelectedRow>(`${SELECT_STREAM} WHERE ${condition}`, values)
    return rows.map(fromSelected)
  }

  /**
   * Streams of a node whose playlist is open: those that have not ended, and those whose playlist still needs
   * its ENDLIST.
   */
  async openOnNode(nodeId: string): Promise<Stream[]> {
    // This runs every 2 s: a stream whose newest version is cached is not read again.
    const heads = await this.#database.sql.rows<{ id: string; version: number }>(
      'SELECT id, version FROM streams WHERE node_id = ? AND playlist_open = TRUE',
      [nodeId],
    )
    const known: Stream[] = []
    const unknown: string[] = []
    for (const { id, version } of heads) {
      const remembered = this.#memory.get(id)
      if (remembered?.version === version) known.push(remembered.stream)
      else unknown.push(id)
    }
    for (let at = 0; at < unknown.length; at += READ_BATCH) {
      const ids = unknown.slice(at, at + READ_BATCH)
      for (const found of await this.#readAll(`id IN (${ids.map(() => '?').join(', ')})`, ids)) {
        this.#memory.remember(found)
        known.push(found.stream)
      }
    }
    return known
  }

  /**
   * Removes streams that ended before `oldest` and have no recording, in the order in which they ended.
   * @returns how many were removed
   */
  async removeEnded(oldest: Date): Promise<number> {
    for (let removed = 0; ; ) {
      // In batches, so that no writer waits long for the locks of one.
      const remove = () =>
        this.#database.sql.change(
          `DELETE FROM streams WHERE status = 'ended' AND ended_at < ?
         AND (recording_status IS NULL OR recording_status = 'deleted') ORDER BY ended_at LIMIT ${REMOVE_BATCH}`,
          [oldest],
        )
      const batch = await retryConflicts(remove)
      removed += batch
      if (batch < REMOVE_BATCH) return removed
    }
  }

  /** Removes the rows of deleted streams of which no node has files any more. @throws DatabaseUnavailableError */
  async removeDeleted(): Promise<void> {
    const remove = `DELETE FROM streams WHERE deleted_at IS NOT NULL AND playlist_open = FALSE
      AND (recording_status IS NULL OR recording_status = 'deleted')`
    await retryConflicts(() => this.#database.sql.change(remove, []))
  }

  /** Forgets what is cached of a stream that was deleted. */
  forget(id: string): void {
    this.#memory.forget(id)
  }

  /** After the database went back: another process may bring a row to a version that is cached here, with another state. */
  forgetAll(): void {
    this.#memory = new StreamMemory()
  }

  /** Ids of at most `limit` streams whose deadline has passed, earliest deadline first. */
  async overdue(now: Date, limit: number): Promise<string[]> {
    // MySQL 8 accepts the parameter of LIMIT in a prepared statement only as text.
    const rows = await this.#database.sql.rows<{ id: string }>(
      'SELECT id FROM streams WHERE deadline_at <= ? ORDER BY deadline_at LIMIT ?',
      [now, String(limit)],
    )
    return rows.map((row) => row.id)
  }
}
