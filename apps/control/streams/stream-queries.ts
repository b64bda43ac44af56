// Queries for many streams at once: the pages of lists, and the statuses of given streams.
import type { ListPosition } from '../api/paging.ts'
import type { Database } from '../database/database.ts'
import { Prisma } from '../database/generated/client.ts'
import { STREAM_ID } from '../domain/keys.ts'
import type { RecordingStatus } from '../domain/recording.ts'
import type { Stream, StreamStatus } from '../domain/stream.ts'
import { readBounds } from '../events/log.ts'
import { fromRow } from './rows.ts'

export interface StreamPage {
  readonly streams: readonly Stream[]
  readonly next: ListPosition | null
  /** The event log's head in the same snapshot as the list. */
  readonly lastEventId: number
}

export interface NewestEvent {
  /** 0: none of the stream's events is stored. */
  readonly id: number
  /** Whether it is `stream.deleted`: there is no such stream any more. */
  readonly isDeletion: boolean
}

export class StreamQueries {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Streams that have been live, ordered by `liveAt`, newest first. */
  async list(
    statuses: readonly StreamStatus[] | null,
    limit: number,
    from: ListPosition | null,
  ): Promise<StreamPage> {
    return this.#page(statuses === null ? {} : { status: { in: [...statuses] } }, limit, from)
  }

  /** Streams whose recording has one of these statuses, in the same order as `list`. */
  async listRecorded(
    statuses: readonly RecordingStatus[],
    limit: number,
    from: ListPosition | null,
  ): Promise<StreamPage> {
    return this.#page({ recordingStatus: { in: [...statuses] } }, limit, from)
  }

  /** Streams that have or await a publisher, the most recently connected first; at most `limit`. */
  async onAir(limit: number): Promise<Stream[]> {
    const where: Prisma.StreamWhereInput = { status: { in: ['connecting', 'live', 'reconnecting'] } }
    const orderBy: Prisma.StreamOrderByWithRelationInput[] = [{ connectedAt: 'desc' }, { id: 'desc' }]
    const rows = await this.#database.run((client) => client.stream.findMany({ where, orderBy, take: limit }))
    return rows.map((row) => fromRow(row).stream)
  }

  async #page(
    condition: Prisma.StreamWhereInput,
    limit: number,
    from: ListPosition | null,
  ): Promise<StreamPage> {
    const where: Prisma.StreamWhereInput = {
      liveAt: { not: null },
      deletedAt: null,
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
        // One snapshot for both queries, so that a reader that continues from `head` misses nothing.
        { isolationLevel: Prisma.TransactionIsolationLevel.RepeatableRead },
      ),
    )
  }

  /**
   * Each stream's newest event, for those streams among `ids` that exist, and for deleted ones whose `stream.deleted`
   * is still stored.
   * @throws DatabaseUnavailableError
   */
  async newestEvents(ids: readonly string[]): Promise<Map<string, NewestEvent>> {
    const found = new Map(
      (
        await this.#newest(
          ids,
          `SELECT s.id, (SELECT MAX(e.id) FROM events e WHERE e.stream_id = s.id) AS newest
           FROM streams s WHERE s.deleted_at IS NULL AND s.id`,
        )
      ).map(({ id, newest }) => [id, { id: newest ?? 0, isDeletion: false }]),
    )
    const missing = await this.#newest(
      ids.filter((id) => !found.has(id)),
      `SELECT stream_id AS id, id AS newest FROM events WHERE type = 'stream.deleted' AND stream_id`,
    )
    for (const { id, newest } of missing) found.set(id, { id: newest ?? 0, isDeletion: true })
    return found
  }

  /** @param select the statement up to the list of ids */
  async #newest(ids: readonly string[], select: string): Promise<{ id: string; newest: number | null }[]> {
    const valid = ids.filter((id) => STREAM_ID.test(id))
    const [first] = valid
    if (first === undefined) return []
    // Each number of placeholders is a prepared statement of its own: powers of two keep them few.
    const size = 2 ** Math.ceil(Math.log2(valid.length))
    const values = [...valid, ...Array<string>(size - valid.length).fill(first)]
    return this.#database.sql.rows(`${select} IN (${values.map(() => '?').join(', ')})`, values)
  }

  /** The statuses of those streams among `ids` that exist. */
  async statuses(ids: readonly string[]): Promise<{ id: string; status: StreamStatus; wasLive: boolean }[]> {
    const where = { id: { in: [...ids] } }
    const select = { id: true, status: true, liveAt: true }
    const rows = await this.#database.run((client) => client.stream.findMany({ where, select }))
    return rows.map(({ id, status, liveAt }) => ({ id, status, wasLive: liveAt !== null }))
  }
}
