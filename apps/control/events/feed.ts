// All committed events as one hot observable per process, in order, each exactly once. Events that this
// process commits are emitted directly when they follow the last one; all others are read from the log.
import { type Observable, Subject } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { LoggedEvent } from '../domain/event.ts'
import type { EventLog } from './log.ts'

const PAGE = 500
/** How often the log is read for events of other nodes: while other nodes are running, and while none are. */
const TAIL_WITH_PEERS_MS = 100
const TAIL_ALONE_MS = 4_000

export interface FeedOptions {
  readonly log: EventLog
  readonly logger: Logger
}

export class Feed implements AsyncDisposable {
  readonly #options: FeedOptions
  readonly #events = new Subject<LoggedEvent>()
  readonly events$: Observable<LoggedEvent> = this.#events.asObservable()
  #head = 0
  #timer: NodeJS.Timeout | undefined
  #tailing: Promise<void> | null = null
  #tailAgain = false
  #stopped = false

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** The id of the newest event that has been emitted. */
  get head(): number {
    return this.#head
  }

  /** Starts at the end of the log; older events are read with `EventLog.after`. */
  async start(): Promise<void> {
    this.#head = (await this.#options.log.bounds()).head
    this.tailFor(false)
  }

  /** Sets how often the log is read: often while other nodes write to it, rarely while this node is alone. */
  tailFor(hasPeers: boolean): void {
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.poke(), hasPeers ? TAIL_WITH_PEERS_MS : TAIL_ALONE_MS)
  }

  /** Call it with events that this process has just committed in one transaction. */
  committed(events: readonly LoggedEvent[]): void {
    const [first] = events
    if (first === undefined || first.id <= this.#head) return
    // While a page is being read, the head is about to change: read the log once more instead.
    if (first.id === this.#head + 1 && this.#tailing === null) this.#emit(events)
    else this.poke()
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

  async #tail(): Promise<void> {
    while (this.#tailAgain && !this.#stopped) {
      this.#tailAgain = false
      try {
        const page = await this.#options.log.after(this.#head, PAGE)
        this.#emit(page)
        if (page.length === PAGE) this.#tailAgain = true
      } catch (error) {
        this.#options.logger.warn({ err: error }, 'the event log could not be read; retrying')
        return
      }
    }
  }

  #emit(events: readonly LoggedEvent[]): void {
    for (const event of events) {
      if (event.id <= this.#head) continue
      this.#head = event.id
      this.#events.next(event)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await this.#tailing
    this.#events.complete()
  }
}
