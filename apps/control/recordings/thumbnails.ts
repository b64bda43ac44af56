// Pictures of what is live now, made when somebody asks: one for each segment however many ask, few
// at a time, and no more waiting than can be made before they are stale.
import { join } from 'node:path'
import pLimit from 'p-limit'
import type { Logger } from '../common/logger.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import { newestPicture } from './pictures.ts'

/** How often a stream's playlist is looked at for a newer segment, at most. */
const LOOK_MS = 1_000
const PICTURE_MS = 5_000
const AT_ONCE = 2
const MOST_WAITING = 30
/** Pictures that are remembered, of about 30 kB each. */
const MAX_REMEMBERED = 500

interface Taken {
  /** When the playlist was last looked at. */
  readonly lookedAtMs: number
  /** The playlist that the picture's segment is from. */
  readonly version: string | null
  readonly picture: Buffer | null
}

export interface ThumbnailsOptions {
  readonly folder: HlsFolder
  readonly logger: Logger
}

export class Thumbnails implements Disposable {
  readonly #options: ThumbnailsOptions
  /** By stream; those taken last are last. */
  readonly #taken = new Map<string, Taken>()
  readonly #taking = new Map<string, Promise<Buffer | null>>()
  readonly #turn = pLimit(AT_ONCE)
  readonly #abort = new AbortController()

  constructor(options: ThumbnailsOptions) {
    this.#options = options
  }

  /**
   * A JPEG of the newest finished segment; null: there is none yet, or it can't be shown. Under more
   * requests than can be served, the one before.
   */
  get(streamId: string): Promise<Buffer | null> {
    const before = this.#taken.get(streamId)
    const isFresh = before !== undefined && performance.now() - before.lookedAtMs < LOOK_MS
    if (isFresh || this.#turn.pendingCount >= MOST_WAITING)
      return this.#taking.get(streamId) ?? Promise.resolve(before?.picture ?? null)
    const taking =
      this.#taking.get(streamId) ??
      this.#turn(() => this.#take(streamId)).finally(() => this.#taking.delete(streamId))
    this.#taking.set(streamId, taking)
    return taking
  }

  async #take(streamId: string): Promise<Buffer | null> {
    const { folder, logger } = this.#options
    const { signal } = this.#abort
    const before = this.#taken.get(streamId)
    const version = await folder.version(streamId).catch(() => null)
    let picture = before?.picture ?? null
    if (version !== before?.version) {
      picture = await this.#picture(streamId, signal).catch((error: unknown) => {
        if (!signal.aborted) logger.debug({ err: error, stream: streamId }, 'no picture of a live stream')
        return null
      })
    }
    this.#remember(streamId, { lookedAtMs: performance.now(), version, picture })
    return picture
  }

  async #picture(streamId: string, signal: AbortSignal): Promise<Buffer | null> {
    const { folder } = this.#options
    const newest = (await folder.read(streamId))?.segments.at(-1)
    if (newest === undefined) return null
    const path = join(folder.directory(streamId), newest.file)
    return newestPicture(path, newest.durationMs, { signal, timeoutMs: PICTURE_MS })
  }

  #remember(streamId: string, taken: Taken): void {
    this.#taken.delete(streamId)
    this.#taken.set(streamId, taken)
    for (const oldest of this.#taken.keys()) {
      if (this.#taken.size <= MAX_REMEMBERED) break
      this.#taken.delete(oldest)
    }
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
  }
}
