// Sends each event to every reader that asked for it. A frame is encoded once for all readers. After
// every few readers the event loop gets a turn, so that a hook never waits for ten thousand sockets.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Subscription } from 'rxjs'
import type { FrameType, LoggedEvent } from '../domain/event.ts'
import type { Feed } from './feed.ts'
import { encodeFrame, HEARTBEAT } from './frame.ts'
import type { Batch, Reader } from './reader.ts'

/** Measured with 10,000 readers: a hook waits 200 ms without turns, 16 to 24 ms with 64 readers a turn, 11 ms with 32. */
const READERS_A_TURN = 32
/** Far below a reader's buffer limit (reader.ts), so that a burst does not disconnect a reader that keeps up. */
const BATCH_BYTES = 64 * 1024
/** Readers are promised at least a comment every 15 s. */
const HEARTBEAT_MS = 10_000

/** A message that is not in the log: only readers that are connected now receive it. */
export interface Notice {
  readonly type: FrameType
  readonly streamId: string
  /** Whether readers of all streams receive it too. */
  readonly wasLive: boolean
  /** Its frame, which carries no id. */
  readonly bytes: Buffer
}

export class Hub implements AsyncDisposable {
  /** Readers of all streams that have been live. */
  readonly #everything = new Set<Reader>()
  readonly #byStream = new Map<string, Set<Reader>>()
  readonly #feed: Feed
  #events: Subscription | null = null
  #heartbeat: NodeJS.Timeout | undefined
  readonly #queue: LoggedEvent[] = []
  #position = 0
  #running = false
  #delivering: Promise<void> = Promise.resolve()

  constructor(feed: Feed) {
    this.#feed = feed
  }

  /** Call it after the feed has started. */
  start(): void {
    this.#position = this.#feed.head
    this.#events = this.#feed.events$.subscribe((event) => this.#enqueue(event))
    this.#heartbeat = setInterval(() => void this.#sendHeartbeat(), HEARTBEAT_MS)
  }

  /** The id of the newest event that was sent to readers or is being sent now. */
  get position(): number {
    return this.#position
  }

  /** The id of the newest event; a reader without a cursor starts after it. */
  get head(): number {
    return this.#feed.head
  }

  get readerCount(): number {
    let count = this.#everything.size
    for (const readers of this.#byStream.values()) count += readers.size
    return count
  }

  /** @returns a function that removes the reader again */
  add(reader: Reader): () => void {
    const { streamId } = reader.filter
    const readers = streamId === null ? this.#everything : (this.#byStream.get(streamId) ?? new Set())
    if (streamId !== null) this.#byStream.set(streamId, readers)
    readers.add(reader)
    return () => {
      readers.delete(reader)
      if (streamId !== null && readers.size === 0 && this.#byStream.get(streamId) === readers) {
        this.#byStream.delete(streamId)
      }
    }
  }

  /** Ends every connection cleanly. */
  endAll(): void {
    for (const reader of this.#allReaders()) reader.end()
  }

  /** Sends messages that are not in the log. Readers of all streams get them in one write. */
  async tell(notices: readonly Notice[]): Promise<void> {
    const [first] = notices
    if (first === undefined) return
    for (const { type, streamId, bytes } of notices) {
      await inTurns([...(this.#byStream.get(streamId) ?? [])], (reader) => reader.tell(type, bytes))
    }
    const all = Buffer.concat(notices.filter(({ wasLive }) => wasLive).map(({ bytes }) => bytes))
    if (all.length > 0) await inTurns([...this.#everything], (reader) => reader.tell(first.type, all))
  }

  #enqueue(event: LoggedEvent): void {
    this.#queue.push(event)
    if (this.#running) return
    this.#running = true
    this.#delivering = this.#deliver()
  }

  /** Events that are waiting are sent together: many events cost one write per reader. */
  async #deliver(): Promise<void> {
    while (this.#queue.length > 0) {
      const events = this.#takeBatch()
      this.#position = events.at(-1)?.event.id ?? this.#position
      const deliveries = [
        { readers: [...this.#everything], batch: toBatch(events.filter(({ event }) => event.wasLive)) },
        ...[...Map.groupBy(events, ({ event }) => event.streamId)].map(([id, own]) => ({
          readers: [...(this.#byStream.get(id) ?? [])],
          batch: toBatch(own),
        })),
      ]
      for (const { readers, batch } of deliveries) {
        if (batch.events.length > 0) await inTurns(readers, (reader) => reader.offer(batch))
      }
      // Lets the sockets flush before the next batch.
      await nextTurn()
    }
    this.#running = false
  }

  /** The next events, up to `BATCH_BYTES`, and at least one. */
  #takeBatch(): Batch['events'] {
    let size = 0
    const bytes: Buffer[] = []
    for (const { id, type, data } of this.#queue) {
      if (size >= BATCH_BYTES) break
      const frame = encodeFrame({ id, event: type, data })
      bytes.push(frame)
      size += frame.length
    }
    const events = this.#queue.splice(0, bytes.length)
    return events.map((event, index) => ({ event, bytes: bytes[index] as Buffer }))
  }

  async #sendHeartbeat(): Promise<void> {
    await inTurns(this.#allReaders(), (reader) => reader.write(HEARTBEAT))
  }

  #allReaders(): Reader[] {
    return [...this.#everything, ...[...this.#byStream.values()].flatMap((readers) => [...readers])]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#events?.unsubscribe()
    clearInterval(this.#heartbeat)
    await this.#delivering
    this.endAll()
  }
}

function toBatch(events: Batch['events']): Batch {
  return { events, bytes: Buffer.concat(events.map(({ bytes }) => bytes)) }
}

async function inTurns(readers: readonly Reader[], work: (reader: Reader) => void): Promise<void> {
  for (const [index, reader] of readers.entries()) {
    if (index > 0 && index % READERS_A_TURN === 0) await nextTurn()
    work(reader)
  }
}
