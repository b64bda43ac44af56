// Does what a decision asks for once it is committed, and puts what the watcher sees to the streams.
import { Subscription } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { Effect } from '../domain/lifecycle.ts'
import type { Stream } from '../domain/stream.ts'
import type { PlaylistFolder } from '../playlists/playlist-folder.ts'
import type { PlaylistWatcher } from '../playlists/watcher.ts'
import type { StreamService } from '../streams/service.ts'
import type { Teardown } from './teardown.ts'

export interface EffectsOptions {
  readonly streams: StreamService
  readonly watcher: PlaylistWatcher
  readonly folder: PlaylistFolder
  readonly teardown: Teardown
  readonly logger: Logger
  readonly nodeId: string
}

/** What a crash leaves undone, the reconciler does. */
export class Effects implements Disposable {
  readonly #options: EffectsOptions
  readonly #subscription = new Subscription()
  /** Streams whose playlist is being put to them. */
  readonly #submitting = new Set<string>()

  constructor(options: EffectsOptions) {
    this.#options = options
    const { streams, watcher, nodeId } = options
    this.#subscription.add(
      streams.changes$.subscribe(({ stream, effects }) => {
        for (const effect of effects) this.#perform(effect, stream)
      }),
    )
    this.#subscription.add(
      watcher.seen$.subscribe(({ id, modifiedAt }) => {
        // The watcher says it again every second; while the database is away they must not pile up.
        if (this.#submitting.has(id)) return
        this.#submitting.add(id)
        const submitted = streams.submit(id, { kind: 'playlist-seen', nodeId, modifiedAt })
        this.#try(
          id,
          submitted.finally(() => this.#submitting.delete(id)),
        )
      }),
    )
  }

  #perform(effect: Effect, { id, nodeId, session }: Stream): void {
    const { watcher, folder, teardown } = this.#options
    switch (effect.kind) {
      case 'await-playlist':
        watcher.await(id, session?.baselineAt ?? null)
        break
      case 'release-playlist':
        watcher.release(id)
        this.#try(id, folder.release(id))
        break
      case 'tear-down':
        // Another node's nginx and folder are that node's business; its reconciler sees the end.
        if (nodeId === this.#options.nodeId) this.#try(id, teardown.run(id))
        break
      default:
        effect satisfies never
    }
  }

  #try(id: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#options.logger.warn(
        { err: error, stream: id },
        'something was left undone; the reconciler comes by',
      )
    })
  }

  [Symbol.dispose](): void {
    this.#subscription.unsubscribe()
  }
}
