// A timer for the deadline of each stream that this process has changed. The reconciler finds deadlines in
// the database that have no timer: those from before a restart and those of other processes.
import { type Subscription, timer } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { StreamService } from './service.ts'

export class Deadlines implements Disposable {
  readonly #streams: StreamService
  readonly #logger: Logger
  readonly #now: () => Date
  readonly #timers = new Map<string, Subscription>()
  #changes: Subscription | null = null

  constructor(streams: StreamService, logger: Logger, now: () => Date) {
    this.#streams = streams
    this.#logger = logger
    this.#now = now
  }

  start(): void {
    this.#changes = this.#streams.changes$.subscribe(({ stream }) => this.#set(stream.id, stream.deadlineAt))
  }

  #set(id: string, deadline: Date | null): void {
    this.#timers.get(id)?.unsubscribe()
    this.#timers.delete(id)
    if (deadline === null) return
    // Deadlines are in the database's time, which this machine's clock may not show. If the timer fires too
    // early nevertheless, nothing changes, and the rest of the time is waited for.
    const remainingMs = Math.max(0, deadline.getTime() - this.#now().getTime())
    const fires = timer(remainingMs).subscribe(() => this.#fire(id))
    this.#timers.set(id, fires)
  }

  #fire(id: string): void {
    this.#timers.delete(id)
    this.#streams.submit(id, { kind: 'deadline-passed' }).catch((error: unknown) => {
      this.#logger.warn(
        { err: error, stream: id },
        'a deadline could not be applied; the reconciler will retry',
      )
    })
  }

  [Symbol.dispose](): void {
    this.#changes?.unsubscribe()
    for (const waiting of this.#timers.values()) waiting.unsubscribe()
    this.#timers.clear()
  }
}
