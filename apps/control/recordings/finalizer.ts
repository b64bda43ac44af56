// Finishes a recording once the broadcast is over: its playlist, a poster and an MP4. Can be done
// again from the beginning at any time. The segments and their playlist are the recording; without
// poster or MP4 it still is one.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import pRetry from 'p-retry'
import type { Logger } from '../common/logger.ts'
import { untilAborted } from '../common/until-aborted.ts'
import type { Kept } from '../domain/lifecycle.ts'
import { nameOf, type Segment } from '../domain/segment.ts'
import type { Archive } from './archive.ts'
import { freeBytes } from './disk-space.ts'
import { makeMp4 } from './mp4.ts'
import { firstPicture } from './pictures.ts'
import { MP4, POSTER, type Storage, type StoredFile, VOD_PLAYLIST } from './storage.ts'
import { toRuns, vodPlaylist } from './vod-playlist.ts'

const MP4_MS = 60 * 60_000
const PICTURE_MS = 20_000
/** The poster is from here, counted from the beginning: the first seconds are often black. */
const POSTER_AT = 0.1
/** How often a single transfer is tried again, beyond what a storage does by itself. */
const RETRIES = 3

export interface FinisherOptions {
  readonly logger: Logger
  /** A folder of this process's own, for files on their way into a storage. */
  readonly workDir: string
  readonly minFreeBytes: number
}

/** One recording that is being finished. */
interface Task {
  readonly streamId: string
  readonly segments: readonly Segment[]
  readonly segmentBytes: number
  readonly storage: Storage
  readonly signal: AbortSignal
  /** To work in; removed afterwards. */
  readonly folder: string
}

export class Finisher {
  readonly #options: FinisherOptions
  /** One at a time: it reads and writes the whole broadcast. */
  readonly #turn = pLimit(1)

  constructor(options: FinisherOptions) {
    this.#options = options
  }

  /**
   * @param archive with at least one segment
   * @throws when the playlist can't be kept, or `signal` says so
   */
  finish(streamId: string, archive: Archive, storage: Storage, signal: AbortSignal): Promise<Kept> {
    const turn = this.#turn(() => this.#finish(streamId, archive, storage, signal))
    return untilAborted(turn, signal)
  }

  async #finish(streamId: string, archive: Archive, storage: Storage, signal: AbortSignal): Promise<Kept> {
    signal.throwIfAborted()
    const { segments } = archive
    await storage.write(streamId, VOD_PLAYLIST, vodPlaylist(toRuns(segments)), signal)
    const folder = join(this.#options.workDir, streamId)
    const segmentBytes = archive.totals?.sizeBytes ?? 0
    const task: Task = { streamId, segments, segmentBytes, storage, signal, folder }
    try {
      await this.#attempt(task, 'folder', async () => {
        await rm(folder, { recursive: true, force: true })
        await mkdir(folder, { recursive: true })
      })
      await this.#attempt(task, 'poster', () => this.#makePoster(task))
      await this.#attempt(task, 'MP4', () => this.#makeMp4(task))
      return keptOf(archive, await again(task, () => storage.list(streamId, signal)))
    } finally {
      await rm(folder, { recursive: true, force: true }).catch(() => {})
    }
  }

  /** What fails here is a pity, and no more. */
  async #attempt({ streamId, signal }: Task, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      signal.throwIfAborted()
      this.#options.logger.warn({ err: error, stream: streamId, what }, 'a recording stays without this')
    }
  }

  async #makePoster(task: Task): Promise<void> {
    const { streamId, segments, storage, signal, folder } = task
    const segment = segments[Math.floor(segments.length * POSTER_AT)] as Segment
    const source = await again(task, () => storage.fetch(streamId, nameOf(segment), folder, signal))
    const path = join(folder, POSTER)
    await writeFile(path, await firstPicture(source, { signal, timeoutMs: PICTURE_MS }))
    await again(task, () => storage.keep(streamId, POSTER, path, signal))
  }

  async #makeMp4(task: Task): Promise<void> {
    const { streamId, segments, segmentBytes, storage, signal, folder } = task
    const copies = storage.kind === 'folder' ? 1 : 2
    if ((await freeBytes(folder)) < segmentBytes * copies + this.#options.minFreeBytes)
      throw new Error('the disk has no room to make it')
    const runs = []
    for (const run of toRuns(segments)) {
      const files = []
      for (const segment of run) {
        const path = await again(task, () => storage.fetch(streamId, nameOf(segment), folder, signal))
        files.push({ ...segment, path })
      }
      runs.push(files)
    }
    const path = await makeMp4(runs, folder, { signal, timeoutMs: MP4_MS })
    await again(task, () => storage.keep(streamId, MP4, path, signal))
  }
}

function again<T>({ signal }: Task, work: () => Promise<T>): Promise<T> {
  return pRetry(work, { retries: RETRIES, signal })
}

/** What a recording amounts to, by what its storage lists. */
export function keptOf(archive: Archive, files: readonly StoredFile[]): Kept {
  const has = (name: string) => files.some((file) => file.name === name)
  return {
    durationMs: archive.totals?.durationMs ?? null,
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    missingSegments: archive.totals?.missingSegments ?? 0,
    hasPlaylist: has(VOD_PLAYLIST),
    hasMp4: has(MP4),
    hasPoster: has(POSTER),
  }
}
