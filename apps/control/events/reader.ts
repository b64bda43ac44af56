// One connected reader of events: catches up from the log, then receives new events from the hub. A reader
// that does not read is disconnected.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FrameType, LoggedEvent } from '../domain/event.ts'
import { encodeFrame } from './frame.ts'
import type { EventFilter, EventLog } from './log.ts'

/** How much may be buffered in this process for one reader: about 300 events. */
const MAX_BUFFERED_BYTES = 256 * 1024
/** How long the buffer of a reader that is catching up may stay full. */
const DRAIN_TIMEOUT_MS = 30_000
const PAGE = 200

/** Events with their frames, which are encoded once for all readers. */
export interface Batch {
  readonly events: readonly { readonly event: LoggedEvent; readonly bytes: Buffer }[]
  /** All frames together, for readers that want every event. */
  readonly bytes: Buffer
}

export class Reader {
  readonly filter: EventFilter
  readonly #response: ServerResponse
  /** Every event up to this id was sent to the reader or is not wanted by it. */
  #cursor: number
  #catchingUp = true

  constructor(response: ServerResponse, filter: EventFilter, cursor: number) {
    this.#response = response
    this.filter = filter
    this.#cursor = cursor
  }

  /**
   * Sends the log's events after the cursor until the cursor has reached `position` (the newest event that
   * the hub has sent); from then on the reader accepts what the hub offers. Holds at most one page in memory.
   */
  async catchUp(log: EventLog, position: () => number): Promise<void> {
    while (!this.#isOver) {
      const target = position()
      if (this.#cursor >= target) break
      const page = await log.after(this.#cursor, PAGE, this.filter)
      await this.#writeAndDrain(page)
      const full = page.length === PAGE
      this.#cursor = Math.max(this.#cursor, page.at(-1)?.id ?? 0, full ? 0 : target)
    }
    // No await between the last comparison with the position and this line, so no event can be missed.
    this.#catchingUp = false
  }

  /** Sends those events of a batch that are new to this reader and match its filter. */
  offer(batch: Batch): void {
    const first = batch.events[0]
    const last = batch.events.at(-1)
    if (this.#catchingUp || first === undefined || last === undefined || last.event.id <= this.#cursor) return
    const whole = first.event.id > this.#cursor && this.filter.types === null
    const bytes = whole
      ? batch.bytes
      : Buffer.concat(batch.events.filter((item) => this.#wants(item.event)).map((item) => item.bytes))
    this.#cursor = last.event.id
    if (bytes.length > 0) this.write(bytes)
  }

  /** Sends frames that are not in the log, if their type was asked for; the cursor does not change. */
  tell(type: FrameType, bytes: Buffer): void {
    const { types } = this.filter
    if (types === null || types.has(type)) this.write(bytes)
  }

  /** Sends bytes, and disconnects the reader when too many are buffered for it. */
  write(bytes: Buffer): void {
    if (this.#isOver) return
    this.#response.write(bytes)
    if (this.#response.writableLength > MAX_BUFFERED_BYTES) this.#response.destroy()
  }

  /** Ends the connection cleanly; a browser reconnects by itself. */
  end(): void {
    this.#response.end()
  }

  /** Whether the response has ended or broken; a write would then be an error that nobody catches. */
  get #isOver(): boolean {
    return this.#response.destroyed || this.#response.writableEnded
  }

  #wants(event: LoggedEvent): boolean {
    const { types } = this.filter
    return event.id > this.#cursor && (types === null || (types as ReadonlySet<string>).has(event.type))
  }

  async #writeAndDrain(page: readonly LoggedEvent[]): Promise<void> {
    if (page.length === 0 || this.#isOver) return
    const bytes = Buffer.concat(
      page.map((event) => encodeFrame({ id: event.id, event: event.type, data: event.data })),
    )
    if (this.#response.write(bytes)) return
    try {
      await once(this.#response, 'drain', { signal: AbortSignal.timeout(DRAIN_TIMEOUT_MS) })
    } catch {
      this.#response.destroy()
    }
  }
}
