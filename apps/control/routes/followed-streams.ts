// Looks up the streams that readers of events ask for. Thousands may reconnect at the same moment: while one query
// runs, all who ask wait for the next one, which answers them together, and an answer is used again for a second.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Feed } from '../events/feed.ts'
import type { NewestEvent, StreamQueries } from '../streams/stream-queries.ts'

const MAX_IDS = 512
const ANSWER_MS = 1_000

export interface Followed {
  /** The stream's newest event, of those that the query saw. */
  readonly newest: NewestEvent
  /** The query saw all events up to this one. */
  readonly upTo: number
}

type Answer = PromiseWithResolvers<Followed | null>

export class FollowedStreams {
  readonly #queries: Pick<StreamQueries, 'newestEvents'>
  readonly #feed: Pick<Feed, 'head' | 'events$'>
  #waiting = new Map<string, Answer>()
  #running = false
  /** Answers of the last second. Streams that do not exist are not among them: one may be created at any moment. */
  #known = new Map<string, Followed>()
  #knownSinceMs = Number.NEGATIVE_INFINITY
  /** Streams with an event since the running query began, which it may not have seen. */
  readonly #changed = new Set<string>()

  constructor(queries: Pick<StreamQueries, 'newestEvents'>, feed: Pick<Feed, 'head' | 'events$'>) {
    this.#queries = queries
    this.#feed = feed
    // It may have been deleted.
    feed.events$.subscribe(({ streamId }) => {
      this.#known.delete(streamId)
      if (this.#running) this.#changed.add(streamId)
    })
  }

  /**
   * @returns null: there is no such stream, or its deletion is not stored any more
   * @throws DatabaseUnavailableError
   */
  async find(streamId: string): Promise<Followed | null> {
    this.#forgetOld()
    const known = this.#known.get(streamId)
    if (known !== undefined) return known
    const answer = this.#waiting.get(streamId) ?? Promise.withResolvers<Followed | null>()
    this.#waiting.set(streamId, answer)
    if (!this.#running) void this.#run()
    return answer.promise
  }

  /** All at once: never more is kept than was asked for within a second. */
  #forgetOld(): void {
    const nowMs = performance.now()
    if (nowMs - this.#knownSinceMs < ANSWER_MS) return
    this.#known = new Map()
    this.#knownSinceMs = nowMs
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.size > 0) {
      // Those who ask in the same turn of the event loop share a query, too.
      await nextTurn()
      const batch = [...this.#waiting].slice(0, MAX_IDS)
      for (const [id] of batch) this.#waiting.delete(id)
      await this.#answer(batch)
    }
    this.#running = false
  }

  async #answer(batch: readonly (readonly [string, Answer])[]): Promise<void> {
    try {
      const upTo = this.#feed.head
      this.#changed.clear()
      const found = await this.#queries.newestEvents(batch.map(([id]) => id))
      for (const [id, { resolve }] of batch) {
        const newest = found.get(id)
        const answer = newest === undefined ? null : { newest, upTo }
        if (answer !== null && !this.#changed.has(id)) this.#known.set(id, answer)
        resolve(answer)
      }
    } catch (error) {
      for (const [, { reject }] of batch) reject(error)
    }
  }
}
