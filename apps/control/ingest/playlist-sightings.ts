// Submits the fact `playlist-seen` for each playlist that the watcher reports.
import type { Subscription } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { PlaylistSeen, PlaylistWatcher } from '../playlists/watcher.ts'
import type { StreamService } from '../streams/service.ts'

export interface PlaylistSightingsOptions {
  readonly streams: StreamService
  readonly watcher: PlaylistWatcher
  readonly logger: Logger
  readonly nodeId: string
}

export class PlaylistSightings implements Disposable {
  readonly #options: PlaylistSightingsOptions
  /** Streams whose sighting is being submitted. */
  readonly #submitting = new Set<string>()
  #seen: Subscription | null = null

  constructor(options: PlaylistSightingsOptions) {
    this.#options = options
  }

  start(): void {
    this.#seen = this.#options.watcher.seen$.subscribe((seen) => void this.#submit(seen))
  }

  async #submit({ id, modifiedAt }: PlaylistSeen): Promise<void> {
    const { streams, logger, nodeId } = this.#options
    // The watcher repeats itself every second; while the database is away sightings must not pile up.
    if (this.#submitting.has(id)) return
    this.#submitting.add(id)
    try {
      await streams.submit(id, { kind: 'playlist-seen', nodeId, modifiedAt })
    } catch (error) {
      logger.warn(
        { err: error, stream: id },
        'a playlist could not be reported; the watcher repeats it in a second',
      )
    } finally {
      this.#submitting.delete(id)
    }
  }

  [Symbol.dispose](): void {
    this.#seen?.unsubscribe()
  }
}
