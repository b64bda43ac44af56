// Reports the first playlist of each stream that waits for one, within milliseconds. Only the directories of
// waiting streams are watched: watching all live streams costs more CPU than the rest of control, and misses some.
import { basename, dirname } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import { from, interval, merge, mergeMap, type Observable, Subject, type Subscription } from 'rxjs'
import type { Logger } from '../common/logger.ts'
import { isNewerThanBaseline } from '../domain/stream.ts'
import { type HlsFolder, PLAYLIST } from './hls-folder.ts'

/** How often the directories are also checked, in case a file event got lost. */
const LOOK_MS = 1_000

/** The playlist that a stream waited for. */
export interface PlaylistSeen {
  readonly id: string
  readonly modifiedAt: Date
}

interface Watched {
  /** When the playlist of the previous session was written; null: there was none. */
  readonly baselineAt: Date | null
  readonly watcher: FSWatcher
  /** The number of the call that began it. */
  readonly call: number
}

export class PlaylistWatcher implements AsyncDisposable {
  readonly #folder: HlsFolder
  readonly #logger: Logger
  readonly #watched = new Map<string, Watched>()
  #calls = 0
  readonly #closing = new Set<Promise<void>>()
  readonly #fileEvents = new Subject<PlaylistSeen>()
  readonly #seen = new Subject<PlaylistSeen>()
  /** May report a playlist twice, and repeats each one every second until the stream is unwatched. */
  readonly seen$: Observable<PlaylistSeen> = this.#seen.asObservable()
  #sources: Subscription | null = null

  constructor(folder: HlsFolder, logger: Logger) {
    this.#folder = folder
    this.#logger = logger
  }

  start(): void {
    const looks$ = interval(LOOK_MS).pipe(
      mergeMap(() => from(this.#watched.keys())),
      mergeMap((id) => this.#look(id)),
      mergeMap((found) => found),
    )
    this.#sources = merge(this.#fileEvents, looks$).subscribe((seen) => {
      if (this.#isAwaited(seen)) this.#seen.next(seen)
    })
  }

  /** How many streams wait for their playlist. */
  get watchedCount(): number {
    return this.#watched.size
  }

  /**
   * Watches for a stream's playlist from now on. Its directory should exist.
   * @param baselineAt when the playlist of the previous session was written: that one is ignored
   */
  watch(id: string, baselineAt: Date | null): void {
    const watcher = this.#watched.get(id)?.watcher ?? this.#watchDirectory(this.#folder.directory(id))
    this.#calls += 1
    this.#watched.set(id, { baselineAt, watcher, call: this.#calls })
  }

  unwatch(id: string): void {
    const watched = this.#watched.get(id)
    if (watched === undefined) return
    this.#watched.delete(id)
    const closing = watched.watcher.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  /** Names this moment, for `keepOnly`. */
  mark(): number {
    return this.#calls
  }

  /**
   * Unwatches all streams but these. What was watched after `mark` was taken stays: it may be newer than what
   * the caller knows.
   * @returns the streams that were unwatched
   */
  keepOnly(ids: ReadonlySet<string>, mark: number): string[] {
    const released = [...this.#watched].filter(([id, { call }]) => call <= mark && !ids.has(id))
    for (const [id] of released) this.unwatch(id)
    return released.map(([id]) => id)
  }

  /** One chokidar instance per directory: a shared one never frees the paths it has unwatched (chokidar 6). */
  #watchDirectory(directory: string): FSWatcher {
    const watcher = watch(directory, {
      depth: 0,
      alwaysStat: true,
      // nginx renames finished playlists into place: there is no write to wait for, and each replacement counts.
      awaitWriteFinish: false,
      atomic: false,
      ignored: (path, stats) => stats?.isFile() === true && basename(path) !== PLAYLIST,
    })
    watcher.on('all', (event, path, stats) => {
      if ((event !== 'add' && event !== 'change') || basename(path) !== PLAYLIST || stats === undefined)
        return
      this.#fileEvents.next({ id: basename(dirname(path)), modifiedAt: stats.mtime })
    })
    watcher.on('error', (error) =>
      this.#logger.warn({ err: error }, 'watching a directory failed; it is checked once a second instead'),
    )
    return watcher
  }

  #isAwaited({ id, modifiedAt }: PlaylistSeen): boolean {
    const watched = this.#watched.get(id)
    return watched !== undefined && isNewerThanBaseline(watched.baselineAt, modifiedAt)
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
    this.#sources?.unsubscribe()
    for (const id of [...this.#watched.keys()]) this.unwatch(id)
    await Promise.all(this.#closing)
    this.#seen.complete()
  }
}
