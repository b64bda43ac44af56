// Streams in the database: reading them, and applying a decision in one short transaction.
import type { ResultSetHeader } from 'mysql2'
import { toEventDraft } from '../api/stream-resource.ts'
import type { Database } from '../database/database.ts'
import { Prisma } from '../database/generated/client.ts'
import { type Value, WriteConflictError } from '../database/pool.ts'
import type { Transactions } from '../database/transactions.ts'
import type { LoggedEvent } from '../domain/event.ts'
import { STREAM_ID } from '../domain/keys.ts'
import type { Decision, Effect, StreamEvent } from '../domain/lifecycle.ts'
import type { RecordingStatus, StorageKind, Stream, StreamStatus } from '../domain/stream.ts'
import { appendEvents, readBounds } from '../events/log.ts'
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

/** How often a decision is made anew when others change the same stream at the same time. */
const MAX_ATTEMPTS = 10
/** Streams that are read at once, so that others get their turn in between. */
const READ_BATCH = 100
/** Streams that are remembered: those that something is about to happen to. */
const MAX_REMEMBERED = 5_000

/** What a decision came to, once it is in the database. */
export interface Committed {
  readonly stream: Stream
  /** Whether there was anything to write. */
  readonly changed: boolean
  readonly events: readonly LoggedEvent[]
  readonly effects: readonly Effect[]
}

/** Where a page of the list goes on: behind this stream. */
export interface ListPosition {
  readonly liveAt: Date
  readonly id: string
}

export interface StreamPage {
  readonly streams: readonly Stream[]
  readonly next: ListPosition | null
  /** The event log's head at the very moment of the list. */
  readonly lastEventId: number
}

export interface FinishedRecording {
  readonly streamId: string
  readonly nodeId: string | null
  readonly storage: StorageKind
  readonly finishedAt: Date
  readonly sizeBytes: number
}

export class StreamStore {
  readonly #database: Database
  readonly #transactions: Transactions
  /** Streams as they were last read or written here; the longest untouched first. */
  readonly #latest = new Map<string, Versioned>()
  /** Which of them a key belongs to. */
  readonly #byKey = new Map<string, string>()

  readonly #viewers: (id: string) => number

  /** @param viewers how many watch a stream, for the events that tell of it */
  constructor(database: Database, transactions: Transactions, viewers: (id: string) => number = () => 0) {
    this.#database = database
    this.#transactions = transactions
    this.#viewers = viewers
  }

  /** Stores a new stream and its first event. */
  async insert(stream: Stream): Promise<Committed> {
    const created: StreamEvent = { type: 'stream.created' }
    const events = await this.#transactions.run(async (transaction) => {
      await transaction.execute(INSERT_STREAM, toValues({ stream, version: 1 }))
      return appendEvents(transaction, [toEventDraft(stream, created, 0, stream.createdAt)])
    })
    this.#remember({ stream, version: 1 })
    return { stream, changed: true, events, effects: [] }
  }

  async find(id: string): Promise<Stream | null> {
    // Whatever else was asked for: the column is ASCII and compares without trailing spaces.
    if (!STREAM_ID.test(id)) return null
    const row = await this.#database.run((client) => client.stream.findUnique({ where: { id } }))
    return row === null ? null : fromRow(row).stream
  }

  /** The stream of a key as it was last read or written here; the database may know better, or more. */
  recall(keyHash: Uint8Array): Stream | null {
    const id = this.#byKey.get(keyText(keyHash))
    return (id === undefined ? undefined : this.#latest.get(id)?.stream) ?? null
  }

  async findByKeyHash(keyHash: Uint8Array<ArrayBuffer>): Promise<Stream | null> {
    return (await this.#readOne('key_hash', Buffer.from(keyHash)))?.stream ?? null
  }

  /**
   * Decides on the newest state of a stream and commits state and events together. The decision is
   * made anew when somebody else was faster.
   * @returns null when there is no such stream
   */
  async apply(id: string, decide: (stream: Stream) => Decision, now: Date): Promise<Committed | null> {
    // What is remembered spares a read. It may be out of date: then the version does not fit, and
    // that nothing is to be changed is believed only of what was just read.
    let current = this.#latest.get(id)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const remembered = current !== undefined
      current ??= await this.#readOne('id', id)
      if (current === undefined) return null
      const decision = decide(current.stream)
      const { stream, effects } = decision
      if (stream !== current.stream) {
        const events = await this.#commit(current, decision, now)
        if (events !== null) {
          this.#remember({ stream, version: current.version + 1 })
          return { stream, changed: true, events, effects }
        }
      } else if (!remembered) {
        return { stream, changed: false, events: [], effects }
      }
      current = undefined
    }
    throw new Error(`stream ${id} was changed by others ${MAX_ATTEMPTS} times in a row`)
  }

  async #readOne(column: 'id' | 'key_hash', value: Value): Promise<Versioned | undefined> {
    const [read] = await this.#readAll(`${column} = ?`, [value])
    if (read !== undefined) this.#remember(read)
    return read
  }

  async #readAll(condition: string, values: readonly Value[]): Promise<Versioned[]> {
    const sql = `${SELECT_STREAM} WHERE ${condition}`
    const rows = await this.#database.sql.rows<SelectedRow>(sql, values)
    return rows.map(fromSelected)
  }

  #remember(versioned: Versioned): void {
    const { id, keyHash, status } = versioned.stream
    this.#forget(id)
    if (status === 'ended') return
    this.#latest.set(id, versioned)
    this.#byKey.set(keyText(keyHash), id)
    if (this.#latest.size <= MAX_REMEMBERED) return
    for (const oldest of this.#latest.keys()) {
      this.#forget(oldest)
      break
    }
  }

  #forget(id: string): void {
    const stream = this.#latest.get(id)?.stream
    this.#latest.delete(id)
    if (stream !== undefined) this.#byKey.delete(keyText(stream.keyHash))
  }

  /** Null: somebody else changed the stream first, and nothing was written. */
  async #commit(current: Versioned, decision: Decision, now: Date): Promise<LoggedEvent[] | null> {
    try {
      return await this.#transactions.run(async (transaction) => {
        const { stream, version } = current
        const next = toValues({ stream: decision.stream, version: version + 1 })
        const [result] = await transaction.execute<ResultSetHeader>(UPDATE_STREAM, [
          ...next,
          stream.id,
          version,
        ])
        if (result.affectedRows === 0) return null
        return appendEvents(
          transaction,
          decision.events.map((event) => toEventDraft(decision.stream, event, this.#viewers(stream.id), now)),
        )
      })
    } catch (error) {
      if (error instanceof WriteConflictError) return null
      throw error
    }
  }

  /** Streams that have been live, those that went live last first. */
  async list(
    statuses: readonly StreamStatus[] | null,
    limit: number,
    from: ListPosition | null,
  ): Promise<StreamPage> {
    return this.#page(statuses === null ? {} : { status: { in: [...statuses] } }, limit, from)
  }

  /** Streams whose recordings have one of these statuses, in the same order. */
  async listRecorded(
    statuses: readonly RecordingStatus[],
    limit: number,
    from: ListPosition | null,
  ): Promise<StreamPage> {
    return this.#page({ recordingStatus: { in: [...statuses] } }, limit, from)
  }

  async #page(
    condition: Prisma.StreamWhereInput,
    limit: number,
    from: ListPosition | null,
  ): Promise<StreamPage> {
    const where: Prisma.StreamWhereInput = {
      liveAt: { not: null },
      ...condition,
      ...(from === null
        ? {}
        : { OR: [{ liveAt: { lt: from.liveAt } }, { liveAt: from.liveAt, id: { lt: from.id } }] }),
    }
    return this.#database.run((client) =>
      client.$transaction(
        async (tx) => {
          const rows = await tx.stream.findMany({
            where,
            orderBy: [{ liveAt: 'desc' }, { id: 'desc' }],
            take: limit + 1,
          })
          const { head } = await readBounds(tx)
          const streams = rows.slice(0, limit).map((row) => fromRow(row).stream)
          const last = streams.at(-1)
          const next = rows.length > limit && last?.liveAt ? { liveAt: last.liveAt, id: last.id } : null
          return { streams, next, lastEventId: head }
        },
        // One snapshot for both, so that a reader who goes on from `head` misses nothing.
        { isolationLevel: Prisma.TransactionIsolationLevel.RepeatableRead },
      ),
    )
  }

  /** Where streams stand, as far as there are such. */
  async statuses(ids: readonly string[]): Promise<{ id: string; status: StreamStatus; wasLive: boolean }[]> {
    const where = { id: { in: [...ids] } }
    const select = { id: true, status: true, liveAt: true }
    const rows = await this.#database.run((client) => client.stream.findMany({ where, select }))
    return rows.map(({ id, status, liveAt }) => ({ id, status, wasLive: liveAt !== null }))
  }

  /** Streams that a node's nginx and folder answer for: not ended, or with a playlist to be closed. */
  async openOnNode(nodeId: string): Promise<Stream[]> {
    // Asked every 2 s: those that are remembered as they are need not be read.
    const heads = await this.#database.sql.rows<{ id: string; version: number }>(
      'SELECT id, version FROM streams WHERE node_id = ? AND playlist_open = TRUE',
      [nodeId],
    )
    const isKnown = ({ id, version }: { id: string; version: number }) =>
      this.#latest.get(id)?.version === version
    const known = heads.filter(isKnown).flatMap(({ id }) => this.#latest.get(id)?.stream ?? [])
    const unknown = heads.filter((head) => !isKnown(head)).map(({ id }) => id)
    const read: Stream[] = []
    for (let at = 0; at < unknown.length; at += READ_BATCH) {
      const ids = unknown.slice(at, at + READ_BATCH)
      for (const found of await this.#readAll(`id IN (${ids.map(() => '?').join(', ')})`, ids)) {
        this.#remember(found)
        read.push(found.stream)
      }
    }
    return [...known, ...read]
  }

  /** Streams with a recording that is not done with: being kept, being finished, or to be removed. */
  async recordingsUnderWay(): Promise<Stream[]> {
    const found = await this.#readAll("recording_status IN ('recording', 'processing', 'deleting')", [])
    return found.map(({ stream }) => stream)
  }

  /** Finished recordings, whether they went well or not, those that were finished first first. */
  async finishedRecordings(): Promise<FinishedRecording[]> {
    const rows = await this.#database.run((client) =>
      client.stream.findMany({
        where: { recordingStatus: { in: ['ready', 'failed'] } },
        orderBy: { recordingFinishedAt: 'asc' },
        select: {
          id: true,
          nodeId: true,
          recordingStorage: true,
          recordingFinishedAt: true,
          recordingSizeBytes: true,
        },
      }),
    )
    return rows.map((row) => ({
      streamId: row.id,
      nodeId: row.nodeId,
      storage: row.recordingStorage ?? 'folder',
      finishedAt: row.recordingFinishedAt ?? new Date(0),
      sizeBytes: Number(row.recordingSizeBytes ?? 0),
    }))
  }

  /** Ids of streams whose deadline is over, at most `limit`, the oldest first. */
  async overdue(now: Date, limit: number): Promise<string[]> {
    // A LIMIT has to be text for MySQL 8's prepared statements.
    const rows = await this.#database.sql.rows<{ id: string }>(
      'SELECT id FROM streams WHERE deadline_at <= ? ORDER BY deadline_at LIMIT ?',
      [now, String(limit)],
    )
    return rows.map((row) => row.id)
  }

  /** Answers when the database does. */
  async ping(): Promise<void> {
    await this.#database.run((client) => client.$queryRaw`SELECT 1`)
  }
}

function keyText(keyHash: Uint8Array): string {
  return Buffer.from(keyHash).toString('base64')
}
