// Pictures of what is live now, made when somebody asks: one ffmpeg a picture however many ask, and
// few at a time in all.
import pLimit from 'p-limit'
import type { Logger } from '../logger.ts'
import type { PlaylistFolder } from '../playlists/playlist-folder.ts'
import { firstPicture } from './pictures.ts'

/** A picture is up to 6 s old when it is made: it is of a finished segment. In all, at most 10 s. */
const FRESH_MS = 4_000
const PICTURE_MS = 5_000
const AT_ONCE = 2
/** Pictures that are remembered, of about 30 kB each. */
const MAX_REMEMBERED = 500

interface Taken {
  readonly atMs: number
  readonly picture: Promise<Buffer | null>
}

export interface ThumbnailsOptions {
  readonly folder: PlaylistFolder
  readonly logger: Logger
}

export class Thumbnails implements Disposable {
  readonly #options: ThumbnailsOptions
  /** By stream; those taken last are last. */
  readonly #taken = new Map<string, Taken>()
  readonly #turn = pLimit(AT_ONCE)
  readonly #abort = new AbortController()

  constructor(options: ThumbnailsOptions) {
    this.#options = options
  }

  /** A JPEG of what the stream shows now; null: there is nothing yet, or it can't be shown. */
  get(streamId: string): Promise<Buffer | null> {
    const before = this.#taken.get(streamId)
    if (before !== undefined && performance.now() - before.atMs < FRESH_MS) return before.picture
    const picture = this.#turn(() => this.#take(streamId))
    this.#taken.delete(streamId)
    this.#taken.set(streamId, { atMs: performance.now(), picture })
    for (const oldest of this.#taken.keys()) {
      if (this.#taken.size <= MAX_REMEMBERED) break
      this.#taken.delete(oldest)
    }
    return picture
  }

  async #take(streamId: string): Promise<Buffer | null> {
    const { folder, logger } = this.#options
    const { signal } = this.#abort
    try {
      const newest = (await folder.read(streamId))?.segments.at(-1)
      return newest === undefined ? null : await firstPicture(newest.path, { signal, timeoutMs: PICTURE_MS })
    } catch (error) {
      if (!signal.aborted) logger.debug({ err: error, stream: streamId }, 'no picture of a live stream')
      return null
    }
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
  }
}
