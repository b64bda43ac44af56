// Sees the playlists of streams that wait for one within milliseconds. Only their directories are
// watched: a watch on all that is live costs more than all the rest of control and misses some.
import { basename, dirname } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import { from, interval, merge, mergeMap, type Observable, Subject, type Subscription } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import { PLAYLIST, type PlaylistFolder } from './playlist-folder.ts'

/** The level look at what is awaited, for file events that got lost. */
const LOOK_MS = 1_000

/** A playlist that has come for a stream that waited for it. */
export interface PlaylistSeen {
  readonly id: string
  readonly modifiedAt: Date
}

interface Awaited {
  /** When the playlist from before was written; null: there was none. */
  readonly baselineAt: Date | null
  readonly watcher: FSWatcher
}

export class PlaylistWatcher implements AsyncDisposable {
  readonly #folder: PlaylistFolder
  readonly #logger: Logger
  readonly #awaited = new Map<string, Awaited>()
  readonly #closing = new Set<Promise<void>>()
  readonly #edges = new Subject<PlaylistSeen>()
  readonly #levels: Subscription
  readonly #seen = new Subject<PlaylistSeen>()
  /** May say the same twice, and goes on once a second until the stream is released. */
  readonly seen$: Observable<PlaylistSeen> = this.#seen.asObservable()

  constructor(folder: PlaylistFolder, logger: Logger) {
    this.#folder = folder
    this.#logger = logger
    const looks$ = interval(LOOK_MS).pipe(
      mergeMap(() => from(this.#awaited.keys())),
      mergeMap((id) => this.#look(id)),
      mergeMap((found) => found),
    )
    this.#levels = merge(this.#edges, looks$).subscribe((seen) => {
      if (this.#isAwaited(seen)) this.#seen.next(seen)
    })
  }

  get awaitedCount(): number {
    return this.#awaited.size
  }

  /**
   * Looks out for a stream's playlist from now on; its directory should be there.
   * @param baselineAt when the playlist from before was written, which is not the one that is awaited
   */
  await(id: string, baselineAt: Date | null): void {
    const watcher = this.#awaited.get(id)?.watcher ?? this.#watch(this.#folder.directory(id))
    this.#awaited.set(id, { baselineAt, watcher })
  }

  release(id: string): void {
    const awaited = this.#awaited.get(id)
    if (awaited === undefined) return
    this.#awaited.delete(id)
    const closing = awaited.watcher.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  /** One chokidar a directory: a shared one remembers for ever what it was told to let go (chokidar 6). */
  #watch(directory: string): FSWatcher {
    const watcher = watch(directory, {
      depth: 0,
      alwaysStat: true,
      // nginx renames whole playlists into place: nothing to wait for, and a replaced one is news.
      awaitWriteFinish: false,
      atomic: false,
      ignored: (path, stats) => stats?.isFile() === true && basename(path) !== PLAYLIST,
    })
    watcher.on('all', (event, path, stats) => {
      if ((event !== 'add' && event !== 'change') || basename(path) !== PLAYLIST || stats === undefined)
        return
      this.#edges.next({ id: basename(dirname(path)), modifiedAt: stats.mtime })
    })
    watcher.on('error', (error) =>
      this.#logger.warn({ err: error }, 'watching failed; looking once a second'),
    )
    return watcher
  }

  #isAwaited({ id, modifiedAt }: PlaylistSeen): boolean {
    const awaited = this.#awaited.get(id)
    return awaited !== undefined && (awaited.baselineAt === null || modifiedAt > awaited.baselineAt)
  }

  async #look(id: string): Promise<PlaylistSeen[]> {
    try {
      const modifiedAt = await this.#folder.modifiedAt(id)
      return modifiedAt === null ? [] : [{ id, modifiedAt }]
    } catch (error) {
      this.#logger.warn({ err: error, stream: id }, 'the HLS folder could not be read')
      return []
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#levels.unsubscribe()
    for (const id of [...this.#awaited.keys()]) this.release(id)
    await Promise.all(this.#closing)
    this.#seen.complete()
  }
}
