// Where a reader that is behind gets its events: from memory when they are recent, else from the log. What several
// readers ask for at the same time is read once, and only a few reads run at a time.

import type { Feed } from './feed.ts'
import type { EventFilter } from './filter.ts'
import { filterKey } from './filter.ts'
import { toFramed } from './frame.ts'
import type { EventLog } from './log.ts'
import type { Piece } from './recent-events.ts'

/** Events that are read at once for a reader: about 100 kB. */
const PAGE = 200
/** The pool has ten connections (database/pool.ts), and others need some of them. */
const READS_AT_ONCE = 4

/** `reset`: events after the cursor were removed; the reader has to start over at this id, the log's head. */
export type StoredPiece = Piece | { readonly reset: number }

export class Backlog {
  readonly #feed: Feed
  readonly #log: EventLog
  readonly #reads = new Map<string, Promise<StoredPiece>>()
  readonly #waiting: (() => void)[] = []
  readonly #pageSize: number
  #running = 0

  constructor(feed: Feed, log: EventLog, pageSize = PAGE) {
    this.#pageSize = pageSize
    this.#feed = feed
    this.#log = log
  }

  /** The next piece, without a query; null: memory does not reach back to `cursor`. */
  recent(cursor: number, filter: EventFilter): Piece | null {
    const { recent } = this.#feed
    return recent.covers(cursor) ? recent.after(cursor, filter) : null
  }

  /** Whether there is nothing after `cursor` that was emitted already. */
  isUpToDate(cursor: number): boolean {
    return cursor >= this.#feed.head
  }

  /**
   * The next piece, from the log.
   * @returns `reset` with the log's head when events after the cursor have been pruned. Cursor 0 stands for the
   *   oldest stored event and is never reset.
   * @throws DatabaseUnavailableError
   */
  stored(cursor: number, filter: EventFilter): Promise<StoredPiece> {
    // What was asked before the log went back must not answer what is asked after that.
    const key = `${this.#feed.lostUpTo} ${cursor} ${filterKey(filter)}`
    const running = this.#reads.get(key)
    if (running !== undefined) return running
    const read = this.#inTurn(() => this.#read(cursor, filter)).finally(() => this.#reads.delete(key))
    this.#reads.set(key, read)
    return read
  }

  async #read(cursor: number, filter: EventFilter): Promise<StoredPiece> {
    const page = await this.#log.page(cursor, this.#pageSize, filter)
    if (cursor > 0 && cursor < page.pruned) return { reset: page.head }
    // Nothing that the feed has not emitted: it could not tell if the log went back behind such an event.
    const end = Math.min(page.head, this.#feed.head)
    const events = page.events.filter(({ id }) => id <= end)
    const bytes = events.length === 0 ? null : Buffer.concat(events.map((event) => toFramed(event).bytes))
    const last = events.length === this.#pageSize ? events.at(-1)?.id : undefined
    return { bytes, cursor: last ?? Math.max(cursor, end) }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= READS_AT_ONCE) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.push(resolve)
      await promise
    } else this.#running += 1
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}
