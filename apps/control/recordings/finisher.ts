// Finishes a recording once the broadcast is over: its playlist, a poster and an MP4. Can be done
// again from the beginning at any time.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import type { Logger } from '../logger.ts'
import type { Kept } from '../streams/lifecycle.ts'
import type { Archive } from './archive.ts'
import { freeBytes } from './disk-space.ts'
import { makeMp4 } from './mp4.ts'
import { firstPicture } from './pictures.ts'
import { nameOf, type Segment } from './segment.ts'
import { MP4, POSTER, type Storage, VOD_PLAYLIST } from './storage.ts'
import { toRuns, vodPlaylist } from './vod-playlist.ts'

const MP4_MS = 60 * 60_000
const PICTURE_MS = 20_000
/** The poster is from here, counted from the beginning: the first seconds are often black. */
const POSTER_AT = 0.1

export interface FinisherOptions {
  readonly logger: Logger
  /** A folder of this process's own, for files on their way into a storage. */
  readonly workDir: string
  readonly minFreeBytes: number
}

export class Finisher {
  readonly #options: FinisherOptions
  /** One at a time: it reads and writes the whole broadcast. */
  readonly #turn = pLimit(1)

  constructor(options: FinisherOptions) {
    this.#options = options
  }

  /** @param archive with at least one segment */
  finish(streamId: string, archive: Archive, storage: Storage, signal: AbortSignal): Promise<Kept> {
    return this.#turn(() => this.#finish(streamId, archive, storage, signal))
  }

  async #finish(streamId: string, archive: Archive, storage: Storage, signal: AbortSignal): Promise<Kept> {
    signal.throwIfAborted()
    await storage.write(streamId, VOD_PLAYLIST, vodPlaylist(toRuns(archive.segments)), signal)
    const folder = join(this.#options.workDir, streamId)
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    try {
      const hasPoster = await this.#makePoster(streamId, archive, storage, folder, signal)
      const hasMp4 = await this.#makeMp4(streamId, archive, storage, folder, signal)
      const files = await storage.list(streamId, signal)
      return {
        durationMs: archive.durationMs,
        sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
        missingSegments: archive.missingSegments,
        hasPlaylist: true,
        hasMp4,
        hasPoster,
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async #makePoster(
    streamId: string,
    archive: Archive,
    storage: Storage,
    folder: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { segments } = archive
    const segment = segments[Math.floor(segments.length * POSTER_AT)] as Segment
    const source = await storage.fetch(streamId, nameOf(segment), folder, signal)
    const path = join(folder, POSTER)
    try {
      await writeFile(path, await firstPicture(source, { signal, timeoutMs: PICTURE_MS }))
    } catch (error) {
      signal.throwIfAborted()
      this.#options.logger.warn({ err: error, stream: streamId }, 'a recording stays without a poster')
      return false
    }
    await storage.keep(streamId, POSTER, path, signal)
    return true
  }

  /** Without an MP4 it is still a recording; but what the storage fails at is tried again. */
  async #makeMp4(
    streamId: string,
    archive: Archive,
    storage: Storage,
    folder: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { logger, minFreeBytes } = this.#options
    const copies = storage.kind === 'folder' ? 1 : 2
    if ((await freeBytes(folder)) < archive.sizeBytes * copies + minFreeBytes) {
      logger.warn({ stream: streamId }, 'a recording stays without an MP4: the disk has no room to make it')
      return false
    }
    const runs = []
    for (const run of toRuns(archive.segments)) {
      const files = []
      for (const segment of run) {
        const path = await storage.fetch(streamId, nameOf(segment), folder, signal)
        files.push({ ...segment, path })
      }
      runs.push(files)
    }
    let path: string
    try {
      path = await makeMp4(runs, folder, { signal, timeoutMs: MP4_MS })
    } catch (error) {
      signal.throwIfAborted()
      logger.warn({ err: error, stream: streamId }, 'a recording stays without an MP4')
      return false
    }
    await storage.keep(streamId, MP4, path, signal)
    return true
  }
}
