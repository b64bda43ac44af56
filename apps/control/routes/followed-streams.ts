// Looks up the streams that readers of events ask for. Thousands may reconnect at the same moment: while one query
// runs, all who ask wait for the next one, which answers them together.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NewestEvent, StreamQueries } from '../streams/stream-queries.ts'

const MAX_IDS = 512

type Answer = PromiseWithResolvers<NewestEvent | null>

export class FollowedStreams {
  readonly #queries: Pick<StreamQueries, 'newestEvents'>
  #waiting = new Map<string, Answer>()
  #running = false

  constructor(queries: Pick<StreamQueries, 'newestEvents'>) {
    this.#queries = queries
  }

  /**
   * @returns the stream's newest event, read after this call; null: there is no such stream, or its deletion is
   *   not stored any more
   * @throws DatabaseUnavailableError
   */
  newestEvent(streamId: string): Promise<NewestEvent | null> {
    const answer = this.#waiting.get(streamId) ?? Promise.withResolvers<NewestEvent | null>()
    this.#waiting.set(streamId, answer)
    if (!this.#running) void this.#run()
    return answer.promise
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
      const newest = await this.#queries.newestEvents(batch.map(([id]) => id))
      for (const [id, { resolve }] of batch) resolve(newest.get(id) ?? null)
    } catch (error) {
      for (const [, { reject }] of batch) reject(error)
    }
  }
}
