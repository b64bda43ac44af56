// Sends each event to every reader that asked for it. A frame is encoded once for all readers. After
// every few readers the event loop gets a turn, so that a hook never waits for ten thousand sockets.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Subscription } from 'rxjs'
import type { FrameType } from '../domain/event.ts'
import type { Feed } from './feed.ts'
import { encodeReset, type FramedEvent, HEARTBEAT } from './frame.ts'
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

/** One message and its readers, who are looked up when it is its turn. */
interface Delivery {
  readonly to: () => Iterable<Reader> | undefined
  readonly send: (reader: Reader) => void
}

interface Reset {
  readonly head: number
  readonly readers: readonly Reader[]
}

export class Hub implements AsyncDisposable {
  /** Readers of all streams that have been live. */
  readonly #everything = new Set<Reader>()
  readonly #byStream = new Map<string, Set<Reader>>()
  readonly #feed: Feed
  readonly #subscriptions = new Subscription()
  #heartbeat: NodeJS.Timeout | undefined
  readonly #queue: FramedEvent[] = []
  /** Goes out before the queue. */
  #reset: Reset | null = null
  #running = false
  #delivering: Promise<void> = Promise.resolve()

  constructor(feed: Feed) {
    this.#feed = feed
  }

  /** Call it after the feed has started. */
  start(): void {
    this.#subscriptions.add(this.#feed.events$.subscribe((event) => this.#enqueue(event)))
    this.#subscriptions.add(this.#feed.resets$.subscribe((head) => this.#enqueueReset(head)))
    this.#heartbeat = setInterval(() => void this.#sendHeartbeat(), HEARTBEAT_MS)
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
    const all = Buffer.concat(notices.filter(({ wasLive }) => wasLive).map(({ bytes }) => bytes))
    const ofStreams = notices.map(({ type, streamId, bytes }): Delivery => {
      return { to: () => this.#byStream.get(streamId), send: (reader) => reader.tell(type, bytes) }
    })
    const ofAll: Delivery = { to: () => this.#everything, send: (reader) => reader.tell(first.type, all) }
    await inTurns([...ofStreams, ...(all.length > 0 ? [ofAll] : [])])
  }

  #enqueue(event: FramedEvent): void {
    this.#queue.push(event)
    this.#run()
  }

  /** Events that have not been sent yet are of the history that got lost: nobody needs them any more. */
  #enqueueReset(head: number): void {
    this.#queue.length = 0
    // Readers that connect from now on begin at or before the new head and need no reset.
    this.#reset = { head, readers: this.#allReaders() }
    this.#run()
  }

  #run(): void {
    if (this.#running) return
    this.#running = true
    this.#delivering = this.#deliver()
  }

  async #deliver(): Promise<void> {
    while (this.#reset !== null || this.#queue.length > 0) {
      if (this.#reset !== null) await this.#deliverReset(this.#reset)
      else await this.#deliverBatch()
      // Lets the sockets flush before the next batch.
      await nextTurn()
    }
    this.#running = false
  }

  async #deliverReset({ head, readers }: Reset): Promise<void> {
    this.#reset = null
    const frame = encodeReset(head)
    await inTurns([{ to: () => readers, send: (reader) => reader.reset(head, frame) }])
  }

  /** Events that are waiting are sent together: many events cost one write per reader. */
  async #deliverBatch(): Promise<void> {
    const events = this.#takeBatch()
    const all = toBatch(events.filter(({ wasLive }) => wasLive))
    const ofStreams = [...Map.groupBy(events, ({ streamId }) => streamId)].map(([id, own]): Delivery => {
      const batch = toBatch(own)
      return { to: () => this.#byStream.get(id), send: (reader) => reader.offer(batch) }
    })
    await inTurns([{ to: () => this.#everything, send: (reader) => reader.offer(all) }, ...ofStreams])
  }

  /** The next events, up to `BATCH_BYTES`, and at least one. */
  #takeBatch(): FramedEvent[] {
    let size = 0
    let count = 0
    for (const { bytes } of this.#queue) {
      if (size >= BATCH_BYTES) break
      size += bytes.length
      count += 1
    }
    return this.#queue.splice(0, count)
  }

  async #sendHeartbeat(): Promise<void> {
    await inTurns([{ to: () => this.#allReaders(), send: (reader) => reader.write(HEARTBEAT) }])
  }

  #allReaders(): Reader[] {
    return [...this.#everything, ...[...this.#byStream.values()].flatMap((readers) => [...readers])]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscriptions.unsubscribe()
    clearInterval(this.#heartbeat)
    await this.#delivering
    this.endAll()
  }
}

function toBatch(events: Batch['events']): Batch {
  return { events, bytes: Buffer.concat(events.map(({ bytes }) => bytes)) }
}

/** Sends to a few readers at each turn of the event loop, whichever message they are for: it may be one reader each. */
async function inTurns(deliveries: readonly Delivery[]): Promise<void> {
  let sent = 0
  for (const { to, send } of deliveries) {
    for (const reader of [...(to() ?? [])]) {
      if (sent > 0 && sent % READERS_A_TURN === 0) await nextTurn()
      sent += 1
      send(reader)
    }
  }
}
