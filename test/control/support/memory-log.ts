// An event log in memory, in which fast-check decides when each query sees it and when it answers.
import type fc from 'fast-check'
import type { LoggedEvent } from '../../../apps/control/domain/event.ts'
import { type EventFilter, isWanted } from '../../../apps/control/events/filter.ts'
import type { LogPage } from '../../../apps/control/events/log.ts'

const STREAMS = ['a', 'b', 'c']

/** What the database holds. Each query sees it at the moment the scheduler lets it through. */
export class MemoryLog {
  events: LoggedEvent[] = []
  /** All that has really happened, pruned or not. */
  happened: LoggedEvent[] = []
  head = 0
  pruned = 0
  #history = 0
  readonly #scheduler: fc.Scheduler

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler
  }

  commit(count: number, kind: number): LoggedEvent[] {
    const events = Array.from({ length: count }, (_, index) => {
      const id = ++this.head
      const type = (kind + index) % 3 === 0 ? 'stream.ended' : 'stream.live'
      const streamId = STREAMS[(kind + index) % STREAMS.length] ?? ''
      const data = JSON.stringify({ id: String(id), history: this.#history })
      return { id, type, streamId, wasLive: (kind + index) % 4 !== 0, createdAt: new Date(0), data }
    })
    this.events.push(...events)
    this.happened.push(...events)
    return events
  }

  prune(count: number): void {
    // Events are old when they are pruned. Those that took over the ids of lost ones are not.
    if (this.#history > 0) return
    const last = this.events[Math.min(count, this.events.length) - 1]
    if (last === undefined) return
    this.pruned = last.id
    this.events = this.events.filter(({ id }) => id > last.id)
  }

  loseLast(count: number): void {
    this.head = Math.max(this.pruned, this.head - count)
    this.events = this.events.filter(({ id }) => id <= this.head)
    this.happened = this.happened.filter(({ id }) => id <= this.head)
    this.#history += 1
  }

  async bounds() {
    return (await this.page(0, 0)) as Pick<LogPage, 'head' | 'pruned'>
  }

  async page(cursor: number, limit: number, filter?: EventFilter): Promise<LogPage> {
    await this.#scheduler.schedule(Promise.resolve(), 'the query reaches the database')
    const events = this.events
      .filter((event) => event.id > cursor && (filter === undefined || isWanted(filter, event)))
      .slice(0, limit)
    const { head, pruned } = this
    await this.#scheduler.schedule(Promise.resolve(), 'the answer comes back')
    return { head, pruned, events }
  }
}
