// Sends `stream.viewers` to readers of events when a stream's number of viewers changes. These messages
// are not stored in the event log, so they have no id.
import { concatMap, type Subscription } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import { encodeFrame } from '../events/frame.ts'
import type { Hub, Notice } from '../events/hub.ts'
import type { StreamQueries } from '../streams/stream-queries.ts'
import type { ViewerChanges, Viewers } from './viewers.ts'

export interface ViewerEventsOptions {
  readonly viewers: Viewers
  readonly hub: Hub
  readonly queries: StreamQueries
  readonly logger: Logger
  readonly now: () => Date
}

export class ViewerEvents implements Disposable {
  readonly #options: ViewerEventsOptions
  #changes: Subscription | null = null

  constructor(options: ViewerEventsOptions) {
    this.#options = options
  }

  start(): void {
    this.#changes = this.#options.viewers.changes$
      .pipe(concatMap((changes) => this.#tell(changes)))
      .subscribe()
  }

  /** Never rejects: after a failure, the next change or the next read of the stream has the right number. */
  async #tell(changes: ViewerChanges): Promise<void> {
    const { hub, queries, logger, now } = this.#options
    try {
      // An ended stream has no viewers. Readers of all streams are not told about one that was never live.
      const streams = await queries.statuses([...changes.keys()])
      const createdAt = now().toISOString()
      const notices = streams
        .filter(({ status }) => status !== 'ended')
        .map(({ id, wasLive }): Notice => {
          const data = { type: 'stream.viewers', createdAt, streamId: id, viewers: changes.get(id) ?? 0 }
          const bytes = encodeFrame({ event: 'stream.viewers', data: JSON.stringify(data) })
          return { type: 'stream.viewers', streamId: id, wasLive, bytes }
        })
      await hub.tell(notices)
    } catch (error) {
      logger.warn({ err: error }, 'viewer counts could not be sent to readers')
    }
  }

  [Symbol.dispose](): void {
    this.#changes?.unsubscribe()
  }
}
