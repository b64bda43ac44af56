// All committed events as one hot stream per process, in order, each once: taken straight from this
// process's own commits where nothing is missing in between, else read from the log.
import { type Observable, Subject } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { LoggedEvent } from '../domain/event.ts'
import type { EventLog } from './log.ts'

const PAGE = 500
/** How often the log is looked at for other processes' events, while there are some and while not. */
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

  /** The newest event that has gone out. */
  get head(): number {
    return this.#head
  }

  /** Begins at the log's end; what is older is for `EventLog.after`. */
  async start(): Promise<void> {
    this.#head = (await this.#options.log.bounds()).head
    this.tailFor(false)
  }

  /** Looks at the log as often as other processes make it worth. */
  tailFor(hasPeers: boolean): void {
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.poke(), hasPeers ? TAIL_WITH_PEERS_MS : TAIL_ALONE_MS)
  }

  /** Takes in events that this process has just committed, from one transaction. */
  committed(events: readonly LoggedEvent[]): void {
    const [first] = events
    if (first === undefined || first.id <= this.#head) return
    // While a page is being read the head is about to move: let the reading come by once more.
    if (first.id === this.#head + 1 && this.#tailing === null) this.#emit(events)
    else this.poke()
  }

  /** Looks at the log now. */
  poke(): void {
    if (this.#stopped) return
    this.#tailAgain = true
    this.#tailing ??= this.#tail().finally(() => {
      this.#tailing = null
      // Somebody poked between the last look and here.
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
        this.#options.logger.warn({ err: error }, 'the event log could not be read; trying again')
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
