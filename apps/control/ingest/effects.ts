// Carries out the effects of committed decisions: watches for playlists and tears down ended streams.
// The reconciler completes whatever a crash leaves undone.
import type { Subscription } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import type { Effect } from '../domain/lifecycle.ts'
import type { Stream } from '../domain/stream.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { PlaylistWatcher } from '../playlists/watcher.ts'
import type { StreamService } from '../streams/service.ts'
import type { Teardown } from './teardown.ts'

export interface EffectsOptions {
  readonly streams: StreamService
  readonly watcher: PlaylistWatcher
  readonly folder: HlsFolder
  readonly teardown: Teardown
  readonly logger: Logger
  readonly nodeId: string
}

export class Effects implements Disposable {
  readonly #options: EffectsOptions
  #changes: Subscription | null = null

  constructor(options: EffectsOptions) {
    this.#options = options
  }

  /** Effects begin synchronously with each commit: see `StreamService.changes$`. */
  start(): void {
    this.#changes = this.#options.streams.changes$.subscribe(({ stream, effects }) => {
      for (const effect of effects) this.#perform(effect, stream)
    })
  }

  #perform(effect: Effect, { id, nodeId, session }: Stream): void {
    const { watcher, folder, teardown } = this.#options
    switch (effect.kind) {
      case 'watch-playlist':
        watcher.watch(id, session?.baselineAt ?? null)
        break
      case 'unwatch-playlist':
        watcher.unwatch(id)
        this.#logFailure(id, folder.removeMarker(id))
        break
      case 'tear-down':
        // A stream on another node is torn down by that node: its reconciler sees that the stream has ended.
        if (nodeId === this.#options.nodeId) this.#logFailure(id, teardown.run(id))
        break
      default:
        effect satisfies never
    }
  }

  #logFailure(id: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#options.logger.warn({ err: error, stream: id }, 'effect failed; the reconciler will retry')
    })
  }

  [Symbol.dispose](): void {
    this.#changes?.unsubscribe()
  }
}
