// Thumbnails of live streams, made when somebody asks for one. However many ask, each segment gives one
// thumbnail; few are made at a time, and no more may wait than can be made before they are out of date.
import { resolve } from 'node:path'
import pLimit from 'p-limit'
import type { Logger } from '../common/logger.ts'
import { type MediaClient, MediaUnavailableError } from '../media/media-client.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'

/** A stream's playlist is checked for a newer segment at most this often. */
const CHECK_EVERY_MS = 1_000
/** Media has 5 s for each, and makes as many at a time. */
const TIMEOUT_MS = 8_000
const CONCURRENCY = 2
const MAX_WAITING = 30
/** Streams whose thumbnail is cached; a thumbnail has about 30 kB. */
const MAX_CACHED = 500

interface CachedThumbnail {
  /** When the playlist was last checked. */
  readonly checkedAtMs: number
  /** The version of the playlist that listed the thumbnail's segment; null: there was no playlist. */
  readonly version: string | null
  /** Null: there is no segment yet, or it has no video. */
  readonly jpeg: Buffer | null
}

export interface ThumbnailsOptions {
  readonly folder: HlsFolder
  readonly media: MediaClient
  readonly logger: Logger
}

export class Thumbnails implements Disposable {
  readonly #options: ThumbnailsOptions
  /** By stream id; the most recently checked is last. */
  readonly #cache = new Map<string, CachedThumbnail>()
  readonly #pending = new Map<string, Promise<Buffer | null>>()
  readonly #limit = pLimit(CONCURRENCY)
  readonly #abort = new AbortController()

  constructor(options: ThumbnailsOptions) {
    this.#options = options
  }

  /**
   * A JPEG of the newest finished segment; null: there is none yet, or it has no video. When there are more
   * requests than can be served in time, or media is away, the previous thumbnail.
   * @throws MediaUnavailableError when media is away and there is no previous thumbnail
   */
  get(streamId: string): Promise<Buffer | null> {
    const cached = this.#cache.get(streamId)
    const isFresh = cached !== undefined && performance.now() - cached.checkedAtMs < CHECK_EVERY_MS
    const pending = this.#pending.get(streamId)
    if (isFresh || this.#limit.pendingCount >= MAX_WAITING)
      return pending ?? Promise.resolve(cached?.jpeg ?? null)
    const updating =
      pending ?? this.#limit(() => this.#update(streamId)).finally(() => this.#pending.delete(streamId))
    this.#pending.set(streamId, updating)
    return updating
  }

  /** Forgets the thumbnail of a stream that was deleted, also one that is being made. */
  async forget(streamId: string): Promise<void> {
    await this.#pending.get(streamId)?.catch(() => {})
    this.#cache.delete(streamId)
  }

  /** Makes a new thumbnail if the playlist has changed since the cached one. */
  async #update(streamId: string): Promise<Buffer | null> {
    const { folder, logger } = this.#options
    const { signal } = this.#abort
    const cached = this.#cache.get(streamId)
    const version = await folder.version(streamId).catch(() => null)
    let jpeg = cached?.jpeg ?? null
    if (version !== cached?.version) {
      try {
        jpeg = await this.#make(streamId, signal)
      } catch (error) {
        if (error instanceof MediaUnavailableError) return this.#previous(streamId, error)
        if (!signal.aborted) logger.debug({ err: error, stream: streamId }, 'thumbnail could not be made')
        jpeg = null
      }
    }
    this.#store(streamId, { checkedAtMs: performance.now(), version, jpeg })
    return jpeg
  }

  /** The previous thumbnail, until the next check. @throws the error when there is none */
  #previous(streamId: string, error: MediaUnavailableError): Buffer {
    const cached = this.#cache.get(streamId)
    if (cached === undefined || cached.jpeg === null) throw error
    this.#store(streamId, { ...cached, checkedAtMs: performance.now() })
    return cached.jpeg
  }

  async #make(streamId: string, signal: AbortSignal): Promise<Buffer | null> {
    const { folder, media } = this.#options
    const newest = (await folder.read(streamId))?.segments.at(-1)
    if (newest === undefined) return null
    const path = resolve(folder.directory(streamId), newest.file)
    return media.picture(path, 'last', { signal, timeoutMs: TIMEOUT_MS })
  }

  #store(streamId: string, thumbnail: CachedThumbnail): void {
    this.#cache.delete(streamId)
    this.#cache.set(streamId, thumbnail)
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= MAX_CACHED) break
      this.#cache.delete(oldest)
    }
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
  }
}
