// All committed events as one hot observable per process, in order, each exactly once. Events that this
// process commits are emitted directly when they follow the last one; all others are read from the log.
// Notices when the log went back, as after a failover to a replica that lagged: see `#wentBack`.
import { type Observable, Subject } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { LoggedEvent } from '../domain/event.ts'
import { type FramedEvent, isSameEvent, toFramed } from './frame.ts'
import type { EventLog, LogPage } from './log.ts'
import { RecentEvents } from './recent-events.ts'

const PAGE = 500
/** How many events are kept in memory: at a hundred a second, the last 40 s. A restart of control takes less. */
const RECENT = 4_000
/** How often the log is read for events of other nodes: while other nodes are running, and while none are. */
const TAIL_WITH_PEERS_MS = 100
const TAIL_ALONE_MS = 4_000

export interface FeedOptions {
  readonly log: EventLog
  readonly logger: Logger
  /** How many of the newest events are kept in memory; by default 4,000. */
  readonly recent?: number
}

export class Feed implements AsyncDisposable {
  readonly #options: FeedOptions
  readonly #events = new Subject<FramedEvent>()
  readonly events$: Observable<FramedEvent> = this.#events.asObservable()
  readonly #resets = new Subject<number>()
  /** The log went back: what was emitted before may never have happened. Carries the log's new head. */
  readonly resets$: Observable<number> = this.#resets.asObservable()
  #recent = new RecentEvents(0, 0)
  /** The events up to here have been compared with the log. */
  #compared = 0
  #pruned = 0
  #lostAfter = Number.POSITIVE_INFINITY
  #lostUpTo = 0
  #timer: NodeJS.Timeout | undefined
  #tailing: Promise<void> | null = null
  #tailAgain = false
  /** Why the last read failed; null: it did not. */
  #failure: unknown = null
  #stopped = false

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** The id of the newest event that has been emitted. */
  get head(): number {
    return this.#recent.head
  }

  /** The newest events, up to `head`. */
  get recent(): RecentEvents {
    return this.#recent
  }

  /** Events up to this id are no longer in the log, as far as this process knows. */
  get pruned(): number {
    return this.#pruned
  }

  /**
   * A cursor from `lostAfter` + 1 to `lostUpTo` may be that of an event that got lost when the log went back; without
   * a loss there is no such number. Events that came later have taken over the ids of lost ones.
   */
  get lostAfter(): number {
    return this.#lostAfter
  }

  get lostUpTo(): number {
    return this.#lostUpTo
  }

  /** Starts at the end of the log; older events are read with `EventLog.page`. */
  async start(): Promise<void> {
    await this.#load()
    this.tailFor(false)
  }

  /** Sets how often the log is read: often while other nodes write to it, rarely while this node is alone. */
  tailFor(hasPeers: boolean): void {
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.poke(), hasPeers ? TAIL_WITH_PEERS_MS : TAIL_ALONE_MS)
  }

  /** Call it with events that this process has just committed in one transaction. */
  committed(events: readonly LoggedEvent[]): void {
    const framed = events.map(toFramed)
    const [first] = framed
    if (first === undefined) return
    // While a page is being read, the head is about to change: read the log once more instead.
    if (first.id === this.head + 1 && this.#tailing === null) {
      this.#emit(framed)
      // Bounds what the next read has to compare.
      if (this.head - this.#compared >= PAGE) this.poke()
    } else if (!this.#has(first)) this.poke()
  }

  /** Reads the log now. */
  poke(): void {
    if (this.#stopped) return
    this.#tailAgain = true
    this.#tailing ??= this.#tail().finally(() => {
      this.#tailing = null
      // `poke` was called between the last read and here.
      if (this.#tailAgain) this.poke()
    })
  }

  /**
   * Reads the log up to its end as it is now. All who ask at the same time share the reads.
   * @throws DatabaseUnavailableError
   */
  async readOn(): Promise<void> {
    this.poke()
    await this.#tailing
    if (this.#failure !== null) throw this.#failure
  }

  async #tail(): Promise<void> {
    while (this.#tailAgain && !this.#stopped) {
      this.#tailAgain = false
      try {
        if (await this.#read()) this.#tailAgain = true
        this.#failure = null
      } catch (error) {
        this.#failure = error
        this.#options.logger.warn({ err: error }, 'the event log could not be read; retrying')
        return
      }
    }
  }

  /** Reads one page, from the last event that was compared. @returns whether there may be more */
  async #read(): Promise<boolean> {
    const page = await this.#options.log.page(Math.max(0, this.#compared - 1), PAGE)
    if (this.#wentBack(page)) {
      await this.#rejoin()
      return false
    }
    this.#pruned = page.pruned
    this.#recent.removeUpTo(page.pruned)
    this.#emit(page.events.map(toFramed))
    this.#compared = page.events.at(-1)?.id ?? this.#compared
    return page.events.length === PAGE
  }

  /**
   * Whether the log no longer continues what this process has seen: its head is behind, or events were pruned that
   * this process has not read (it stood still for long), or an event that was
   * emitted since the last comparison, or the last one compared, is not there or is another one. The last tells it
   * also when new events have overtaken the old head in the meantime, because an event's data has its stream and
   * its time in milliseconds.
   *
   * What it cannot see: that events got lost which this process had not read yet; nobody here has seen those. And
   * without any event to compare with (all were pruned), that a log went back and was overtaken.
   */
  #wentBack(page: LogPage): boolean {
    if (page.head < this.head || page.pruned > this.head) return true
    const isFull = page.events.length === PAGE
    const last = isFull ? (page.events.at(-1)?.id ?? 0) : this.head
    const stored = new Map(page.events.map((event) => [event.id, event]))
    return this.#recent.between(Math.max(this.#compared, page.pruned + 1), last).some((seen) => {
      const event = stored.get(seen.id)
      return event === undefined || !isSameEvent(toFramed(event), seen)
    })
  }

  /** Continues at the log's new head. */
  async #rejoin(): Promise<void> {
    const lost = this.#recent
    const lostHead = lost.head
    await this.#load()
    this.#lostAfter = Math.min(this.#lostAfter, newestInBoth(lost, this.#recent))
    this.#lostUpTo = Math.max(this.#lostUpTo, lostHead)
    this.#options.logger.warn(
      { from: lostHead, to: this.head },
      'the event log does not continue where it was, as after a failover to a replica that lagged; readers start over',
    )
    this.#resets.next(this.head)
  }

  /** Reads the newest events and makes the last one the head, without emitting them. */
  async #load(): Promise<void> {
    const { log, recent: most = RECENT } = this.#options
    const bounds = await log.bounds()
    const recent = new RecentEvents(Math.max(bounds.pruned, bounds.head - most), most)
    for (let cursor = recent.head; ; cursor = recent.head) {
      const { events, pruned } = await log.page(cursor, PAGE)
      for (const event of events) recent.add(toFramed(event))
      recent.removeUpTo(pruned)
      if (events.length < PAGE) break
    }
    this.#recent = recent
    this.#compared = recent.head
    this.#pruned = bounds.pruned
  }

  #has(event: FramedEvent): boolean {
    return this.#recent.between(event.id, event.id).some((seen) => isSameEvent(seen, event))
  }

  #emit(events: readonly FramedEvent[]): void {
    for (const event of events) {
      if (event.id <= this.head) continue
      this.#recent.add(event)
      if (event.type === 'stream.deleted') this.#recent.withdraw(event.streamId, event.id)
      this.#events.next(event)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await this.#tailing
    this.#events.complete()
    this.#resets.complete()
  }
}

/** The id of the newest event that both have; 0: none is known. */
function newestInBoth(lost: RecentEvents, kept: RecentEvents): number {
  const known = new Map(lost.between(1, lost.head).map((event) => [event.id, event]))
  const both = kept.between(1, kept.head).findLast((event) => {
    const same = known.get(event.id)
    return same !== undefined && isSameEvent(same, event)
  })
  return both?.id ?? 0
}
