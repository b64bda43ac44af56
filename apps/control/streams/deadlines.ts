// The clock: puts `deadline-passed` to each stream when its time is up. What a restart or another
// process leaves undone, the reconciler finds in the database.
import { type Subscription, timer } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { StreamService } from './service.ts'

export class Deadlines implements Disposable {
  readonly #streams: StreamService
  readonly #logger: Logger
  readonly #timers = new Map<string, Subscription>()
  readonly #changes: Subscription

  constructor(streams: StreamService, logger: Logger) {
    this.#streams = streams
    this.#logger = logger
    this.#changes = streams.changes$.subscribe(({ stream }) => this.#set(stream.id, stream.deadlineAt))
  }

  #set(id: string, deadline: Date | null): void {
    this.#timers.get(id)?.unsubscribe()
    this.#timers.delete(id)
    if (deadline !== null)
      this.#timers.set(
        id,
        timer(deadline).subscribe(() => this.#fire(id)),
      )
  }

  #fire(id: string): void {
    this.#timers.delete(id)
    this.#streams.submit(id, { kind: 'deadline-passed' }).catch((error: unknown) => {
      this.#logger.warn({ err: error, stream: id }, 'a deadline could not be recorded; the reconciler will')
    })
  }

  [Symbol.dispose](): void {
    this.#changes.unsubscribe()
    for (const waiting of this.#timers.values()) waiting.unsubscribe()
    this.#timers.clear()
  }
}
