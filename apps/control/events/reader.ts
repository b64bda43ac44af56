// One connected reader of events: catches up from the backlog, then receives new events from the hub. A reader
// that does not read is disconnected.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { FrameType } from '../domain/event.ts'
import type { Backlog } from './backlog.ts'
import type { EventFilter } from './filter.ts'
import { encodeReset, type FramedEvent } from './frame.ts'

/** How much may be buffered in this process for one reader: about 300 events. */
const MAX_BUFFERED_BYTES = 256 * 1024
/** How long the buffer of a reader that is catching up may stay full. */
const DRAIN_TIMEOUT_MS = 30_000

/** Events with their frames, which are encoded once for all readers. */
export interface Batch {
  readonly events: readonly FramedEvent[]
  /** All frames together, for readers that want every event. */
  readonly bytes: Buffer
}

export class Reader {
  readonly filter: EventFilter
  readonly #socket: Socket
  /** Every event up to this id was sent to the reader or is not wanted by it. */
  #cursor: number
  #catchingUp = true
  #resets = 0

  /**
   * @param socket to which the response's head has been written. The body has no encoding, so it is written to the
   *   socket itself: which costs less than through the response.
   */
  constructor(socket: Socket, filter: EventFilter, cursor: number) {
    this.#socket = socket
    this.filter = filter
    this.#cursor = cursor
  }

  /**
   * Sends the events after the cursor until memory has no more of them; from then on the reader accepts what the hub
   * offers. When memory covers the cursor and the piece is small, all of it happens before this returns. Holds at
   * most one page in memory.
   * @throws DatabaseUnavailableError
   */
  async catchUp(backlog: Backlog): Promise<void> {
    while (!this.#isOver) {
      const recent = backlog.recent(this.#cursor, this.filter)
      if (recent !== null) {
        this.#cursor = recent.cursor
        // No await from the look at memory to this line, so no event can be missed.
        if (backlog.isUpToDate(recent.cursor)) {
          this.#catchingUp = false
          if (recent.bytes !== null) this.write(recent.bytes)
          return
        }
        await this.#writeAndDrain(recent.bytes)
        continue
      }
      const resets = this.#resets
      const stored = await backlog.stored(this.#cursor, this.filter)
      // The log went back in the meantime: what was read belongs to another cursor.
      if (resets !== this.#resets) continue
      if ('reset' in stored) {
        this.reset(stored.reset, encodeReset(stored.reset))
        continue
      }
      this.#cursor = stored.cursor
      await this.#writeAndDrain(stored.bytes)
    }
  }

  /** Sends those events of a batch that are new to this reader and match its filter. */
  offer(batch: Batch): void {
    const first = batch.events[0]
    const last = batch.events.at(-1)
    if (this.#catchingUp || first === undefined || last === undefined || last.id <= this.#cursor) return
    const whole = first.id > this.#cursor && this.filter.types === null
    const bytes = whole
      ? batch.bytes
      : Buffer.concat(batch.events.filter((event) => this.#wants(event)).map((event) => event.bytes))
    this.#cursor = last.id
    if (bytes.length > 0) this.write(bytes)
  }

  /** Tells the reader that it may have missed events, and continues after `head`. @param frame of that reset */
  reset(head: number, frame: Buffer): void {
    this.#resets += 1
    this.#cursor = head
    this.write(frame)
  }

  /** Sends frames that are not in the log, if their type was asked for; the cursor does not change. */
  tell(type: FrameType, bytes: Buffer): void {
    const { types } = this.filter
    if (types === null || types.has(type)) this.write(bytes)
  }

  /** Sends bytes, and disconnects the reader when too many are buffered for it. */
  write(bytes: Buffer): void {
    if (this.#isOver) return
    this.#socket.write(bytes)
    if (this.#socket.writableLength > MAX_BUFFERED_BYTES) this.#socket.destroy()
  }

  /** Ends the connection cleanly; a browser reconnects by itself. */
  end(): void {
    this.#socket.destroySoon()
  }

  /** Whether the connection has ended or broken; a write would then be an error that nobody catches. */
  get #isOver(): boolean {
    return this.#socket.destroyed || this.#socket.writableEnded
  }

  #wants(event: FramedEvent): boolean {
    const { types } = this.filter
    return event.id > this.#cursor && (types === null || (types as ReadonlySet<string>).has(event.type))
  }

  async #writeAndDrain(bytes: Buffer | null): Promise<void> {
    if (bytes === null || this.#isOver) return
    if (this.#socket.write(bytes)) return
    try {
      await once(this.#socket, 'drain', { signal: AbortSignal.timeout(DRAIN_TIMEOUT_MS) })
    } catch {
      this.#socket.destroy()
    }
  }
}
