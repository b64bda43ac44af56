// The newest events in memory, with their frames, so that a reader who reconnects soon needs no query. Bounded in
// number and in bytes, whatever readers do.
import { type EventFilter, filterKey, isWanted } from './filter.ts'
import { type FramedEvent, withdrawn } from './frame.ts'

const MAX_BYTES = 8 * 1024 * 1024
/** A reader gets as much in one write; far below the limit of what may be buffered for it (reader.ts). */
const PIECE_BYTES = 64 * 1024

/** What a reader gets next. */
export interface Piece {
  /** The frames that it wants, if there are any. */
  readonly bytes: Buffer | null
  /** Its new cursor: of the events up to here, it has been sent all that it wants. */
  readonly cursor: number
}

export class RecentEvents {
  /** Oldest first. Those before `#first` have been removed. */
  readonly #events: (FramedEvent | undefined)[] = []
  readonly #maxEvents: number
  #first = 0
  #bytes = 0
  #floor: number
  #head: number
  /** Readers that come back together mostly have the same cursor: their pieces are made once. */
  #lastPiece: { readonly key: string; readonly piece: Piece } | null = null

  /** @param floor where the log was read from: all events after it are going to be added */
  constructor(floor: number, maxEvents: number) {
    this.#maxEvents = maxEvents
    this.#floor = floor
    this.#head = floor
  }

  /** The id of the newest event. */
  get head(): number {
    return this.#head
  }

  /** Whether all events after `cursor` are here. */
  covers(cursor: number): boolean {
    return cursor >= this.#floor
  }

  /** Adds the next event of the log. */
  add(event: FramedEvent): void {
    this.#events.push(event)
    this.#head = event.id
    this.#bytes += event.bytes.length
    while (this.#count > this.#maxEvents || this.#bytes > MAX_BYTES) this.#removeOldest()
  }

  /** Forgets what is no longer in the log. */
  removeUpTo(id: number): void {
    while (this.#count > 0 && this.#at(0).id <= id) this.#removeOldest()
    this.#floor = Math.max(this.#floor, id)
    this.#head = Math.max(this.#head, this.#floor)
  }

  /** Removes the frames of a deleted stream's events before `id`. Those events keep their places. */
  withdraw(streamId: string, id: number): void {
    this.#lastPiece = null
    for (let index = this.#indexAfter(id - 1) - 1; index >= 0; index--) {
      const event = this.#at(index)
      if (event.streamId !== streamId) continue
      this.#bytes -= event.bytes.length
      this.#events[this.#first + index] = withdrawn(event)
    }
  }

  /** The events from `first` to `last` that are here. */
  between(first: number, last: number): FramedEvent[] {
    const [from, to] = [this.#indexAfter(first - 1), this.#indexAfter(last)]
    return Array.from({ length: Math.max(0, to - from) }, (_, index) => this.#at(from + index))
  }

  /** The next piece for a reader with a cursor that `covers`. With the last piece, its cursor reaches `head`. */
  after(cursor: number, filter: EventFilter): Piece {
    if (cursor >= this.#head) return { bytes: null, cursor }
    const key = `${cursor} ${this.#head} ${filterKey(filter)}`
    if (this.#lastPiece?.key !== key) this.#lastPiece = { key, piece: this.#makePiece(cursor, filter) }
    return this.#lastPiece.piece
  }

  #makePiece(cursor: number, filter: EventFilter): Piece {
    const frames: Buffer[] = []
    let size = 0
    for (let index = this.#indexAfter(cursor); index < this.#count; index++) {
      const event = this.#at(index)
      if (!isWanted(filter, event)) continue
      frames.push(event.bytes)
      size += event.bytes.length
      if (size >= PIECE_BYTES) return { bytes: Buffer.concat(frames), cursor: event.id }
    }
    return { bytes: frames.length === 0 ? null : Buffer.concat(frames), cursor: this.#head }
  }

  get #count(): number {
    return this.#events.length - this.#first
  }

  #at(index: number): FramedEvent {
    return this.#events[this.#first + index] as FramedEvent
  }

  /** The index of the first event after `id`. */
  #indexAfter(id: number): number {
    let [low, high] = [0, this.#count]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#at(middle).id <= id) low = middle + 1
      else high = middle
    }
    return low
  }

  #removeOldest(): void {
    const { id, bytes } = this.#at(0)
    this.#events[this.#first] = undefined
    this.#first += 1
    this.#bytes -= bytes.length
    this.#floor = id
    // The places of removed events are given back from time to time: each time costs as much as there are events.
    if (this.#first <= this.#maxEvents) return
    this.#events.splice(0, this.#first)
    this.#first = 0
  }
}
