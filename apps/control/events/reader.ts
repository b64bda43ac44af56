// One reader of events: catches up from the log, then is handed what is new, and is cut off when
// it does not read.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FrameType, LoggedEvent } from '../domain/event.ts'
import { encodeFrame } from './frame.ts'
import type { EventFilter, EventLog } from './log.ts'

/** What may wait in this process for one reader: about 300 events. */
const MAX_BUFFERED_BYTES = 256 * 1024
/** How long a reader that is catching up may leave its buffer full. */
const DRAIN_TIMEOUT_MS = 30_000
const PAGE = 200

/** Events to hand out, with their bytes made once for all readers. */
export interface Batch {
  readonly events: readonly { readonly event: LoggedEvent; readonly bytes: Buffer }[]
  /** All of them in one, for readers who want them all. */
  readonly bytes: Buffer
}

export class Reader {
  readonly filter: EventFilter
  readonly #response: ServerResponse
  /** Everything up to here has been sent or was not asked for. */
  #cursor: number
  #catchingUp = true

  constructor(response: ServerResponse, filter: EventFilter, cursor: number) {
    this.#response = response
    this.filter = filter
    this.#cursor = cursor
  }

  /**
   * Sends what the log has behind the cursor until `position` (the newest event that has been handed
   * to all readers) stands still, and from then on takes what is offered. Holds at most one page.
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
    // No await between the last look at the position and this: nothing can slip through.
    this.#catchingUp = false
  }

  /** Takes a batch, or what of it is new and asked for. */
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

  /** Takes frames that are not in the log, if they were asked for; its cursor stays. */
  tell(type: FrameType, bytes: Buffer): void {
    const { types } = this.filter
    if (types === null || types.has(type)) this.write(bytes)
  }

  /** Sends bytes, and cuts the reader off when too many wait for it already. */
  write(bytes: Buffer): void {
    if (this.#isOver) return
    this.#response.write(bytes)
    if (this.#response.writableLength > MAX_BUFFERED_BYTES) this.#response.destroy()
  }

  /** Ends the connection in order; the browser comes back by itself. */
  end(): void {
    this.#response.end()
  }

  /** Ended or broken: a write would be an error that nobody catches. */
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
