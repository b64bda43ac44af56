// Streams in the database: reading them, and applying a decision in one short transaction.
import { type Database, isWriteConflict, type Transaction } from '../database/database.ts'
import { Prisma, type Stream as Row } from '../database/generated/client.ts'
import type { LoggedEvent } from '../events/event.ts'
import { appendEvents, readBounds } from '../events/log.ts'
import { STREAM_ID } from './keys.ts'
import type { Decision, Effect, StreamEvent } from './lifecycle.ts'
import { toEventDraft } from './resource.ts'
import type { Stream, StreamStatus } from './stream.ts'

/** How often a decision is made anew when others change the same stream at the same time. */
const MAX_ATTEMPTS = 10

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

interface Versioned {
  readonly stream: Stream
  readonly version: number
}

export class StreamStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Stores a new stream and its first event. */
  async insert(stream: Stream): Promise<Committed> {
    const created: StreamEvent = { type: 'stream.created' }
    const events = await this.#database.transaction(async (tx) => {
      await tx.stream.create({ data: { ...toRow(stream), version: 1 } })
      return appendEvents(tx, [toEventDraft(stream, created, stream.createdAt)])
    })
    return { stream, changed: true, events, effects: [] }
  }

  async find(id: string): Promise<Stream | null> {
    // Whatever else was asked for: the column is ASCII and compares without trailing spaces.
    if (!STREAM_ID.test(id)) return null
    const row = await this.#database.run((client) => client.stream.findUnique({ where: { id } }))
    return row === null ? null : fromRow(row).stream
  }

  async findByKeyHash(keyHash: Uint8Array<ArrayBuffer>): Promise<Stream | null> {
    const row = await this.#database.run((client) => client.stream.findUnique({ where: { keyHash } }))
    return row === null ? null : fromRow(row).stream
  }

  /**
   * Decides on the newest state of a stream and commits state and events together. The decision is
   * made anew when somebody else was faster.
   * @returns null when there is no such stream
   */
  async apply(id: string, decide: (stream: Stream) => Decision, now: Date): Promise<Committed | null> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const row = await this.#database.run((client) => client.stream.findUnique({ where: { id } }))
      if (row === null) return null
      const current = fromRow(row)
      const decision = decide(current.stream)
      const { stream, effects } = decision
      if (stream === current.stream) return { stream, changed: false, events: [], effects }
      const events = await this.#commit(current, decision, now)
      if (events !== null) return { stream, changed: true, events, effects }
    }
    throw new Error(`stream ${id} was changed by others ${MAX_ATTEMPTS} times in a row`)
  }

  /** Null: somebody else changed the stream first, and nothing was written. */
  async #commit(current: Versioned, decision: Decision, now: Date): Promise<LoggedEvent[] | null> {
    try {
      return await this.#database.transaction(async (tx) => {
        if (!(await update(tx, current, decision.stream))) return null
        return appendEvents(
          tx,
          decision.events.map((event) => toEventDraft(decision.stream, event, now)),
        )
      })
    } catch (error) {
      if (isWriteConflict(error)) return null
      throw error
    }
  }

  /** Streams that have been live, those that went live last first. */
  async list(
    statuses: readonly StreamStatus[] | null,
    limit: number,
    from: ListPosition | null,
  ): Promise<StreamPage> {
    const where: Prisma.StreamWhereInput = {
      liveAt: { not: null },
      ...(statuses === null ? {} : { status: { in: [...statuses] } }),
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

  /** Streams that a node's nginx and folder answer for: not ended, or with a playlist to be closed. */
  async openOnNode(nodeId: string): Promise<Stream[]> {
    const rows = await this.#database.run((client) =>
      client.stream.findMany({ where: { nodeId, playlistOpen: true } }),
    )
    return rows.map((row) => fromRow(row).stream)
  }

  /** Ids of streams whose deadline is over, at most `limit`, the oldest first. */
  async overdue(now: Date, limit: number): Promise<string[]> {
    const rows = await this.#database.run((client) =>
      client.stream.findMany({
        where: { deadlineAt: { lte: now } },
        orderBy: { deadlineAt: 'asc' },
        take: limit,
        select: { id: true },
      }),
    )
    return rows.map((row) => row.id)
  }

  /** Answers when the database does. */
  async ping(): Promise<void> {
    await this.#database.run((client) => client.$queryRaw`SELECT 1`)
  }
}

async function update(tx: Transaction, current: Versioned, stream: Stream): Promise<boolean> {
  const { count } = await tx.stream.updateMany({
    where: { id: stream.id, version: current.version },
    data: { ...toRow(stream), version: current.version + 1 },
  })
  return count === 1
}

function toRow(stream: Stream): Omit<Row, 'version'> & { keyHash: Uint8Array<ArrayBuffer> } {
  const { session, ...rest } = stream
  return {
    ...rest,
    sessionNginx: session?.nginx ?? null,
    sessionClientId: session === null ? null : BigInt(session.clientId),
    sessionAcceptedAt: session?.acceptedAt ?? null,
    sessionBaselineAt: session?.baselineAt ?? null,
  }
}

function fromRow(row: Row): Versioned {
  const { version, sessionNginx, sessionClientId, sessionAcceptedAt, sessionBaselineAt, ...rest } = row
  const { nodeId } = rest
  const connected = nodeId !== null && sessionClientId !== null && sessionAcceptedAt !== null
  const session = connected
    ? {
        nodeId,
        nginx: sessionNginx,
        clientId: Number(sessionClientId),
        acceptedAt: sessionAcceptedAt,
        baselineAt: sessionBaselineAt,
      }
    : null
  return { version, stream: { ...rest, keyHash: new Uint8Array(rest.keyHash), session } }
}
