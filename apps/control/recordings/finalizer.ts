// Finalizes a recording once the broadcast is over: writes its playlist, a poster and an MP4. May be
// repeated from the start at any time. Segments and playlist are the recording; poster and MP4 are extras.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import pRetry from 'p-retry'
import type { Logger } from '../common/logger.ts'
import { untilAborted } from '../common/until-aborted.ts'
import type { RecordingSummary } from '../domain/recording.ts'
import { MP4, POSTER, VOD_PLAYLIST } from '../domain/recording-files.ts'
import type { Segment } from '../domain/segment.ts'
import type { Archive } from './archive.ts'
import { freeBytes } from './disk-space.ts'
import { makeMp4 } from './mp4.ts'
import { firstPicture } from './pictures.ts'
import { segmentName } from './segment-name.ts'
import type { Storage, StoredFile } from './storage.ts'
import { storeVodPlaylist, toRuns } from './vod-playlist.ts'

const MP4_MS = 60 * 60_000
const PICTURE_MS = 20_000
/** The poster is taken at this fraction of the recording: the first seconds are often black. */
const POSTER_AT = 0.1
/** How often a single transfer is retried, in addition to the storage's own retries. */
const RETRIES = 3

export interface FinalizerOptions {
  readonly logger: Logger
  /** A folder that only this process uses, for files on their way into a storage. */
  readonly workDir: string
  readonly minFreeBytes: number
}

/** One recording that is being finalized. */
interface Task {
  readonly streamId: string
  readonly segments: readonly Segment[]
  readonly segmentBytes: number
  readonly storage: Storage
  readonly signal: AbortSignal
  /** The work folder; removed afterwards. */
  readonly folder: string
}

export class Finalizer {
  readonly #options: FinalizerOptions
  /** One at a time: it reads and writes the whole broadcast. */
  readonly #turn = pLimit(1)

  constructor(options: FinalizerOptions) {
    this.#options = options
  }

  /**
   * @param archive with at least one segment
   * @throws when the playlist can't be stored, or when `signal` aborts
   */
  finalize(
    streamId: string,
    archive: Archive,
    storage: Storage,
    signal: AbortSignal,
  ): Promise<RecordingSummary> {
    const turn = this.#turn(() => this.#finalize(streamId, archive, storage, signal))
    return untilAborted(turn, signal)
  }

  async #finalize(
    streamId: string,
    archive: Archive,
    storage: Storage,
    signal: AbortSignal,
  ): Promise<RecordingSummary> {
    signal.throwIfAborted()
    const { segments } = archive
    await storeVodPlaylist(storage, streamId, segments, signal)
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
      return summarize(archive, await again(task, () => storage.list(streamId, signal)))
    } finally {
      await rm(folder, { recursive: true, force: true }).catch(() => {})
    }
  }

  /** A failure here does not fail the recording. */
  async #attempt({ streamId, signal }: Task, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      signal.throwIfAborted()
      this.#options.logger.warn({ err: error, stream: streamId, what }, 'a recording gets no poster or MP4')
    }
  }

  async #makePoster(task: Task): Promise<void> {
    const { streamId, segments, storage, signal, folder } = task
    const segment = segments[Math.floor(segments.length * POSTER_AT)] as Segment
    const source = await again(task, () => storage.fetch(streamId, segmentName(segment), folder, signal))
    const path = join(folder, POSTER)
    await writeFile(path, await firstPicture(source, { signal, timeoutMs: PICTURE_MS }))
    await again(task, () => storage.keep(streamId, POSTER, path, signal))
  }

  async #makeMp4(task: Task): Promise<void> {
    const { streamId, segments, segmentBytes, storage, signal, folder } = task
    const copies = storage.fetchCopies ? 2 : 1
    if ((await freeBytes(folder)) < segmentBytes * copies + this.#options.minFreeBytes)
      throw new Error('the disk has no room to make it')
    const runs = []
    for (const run of toRuns(segments)) {
      const files = []
      for (const segment of run) {
        const path = await again(task, () => storage.fetch(streamId, segmentName(segment), folder, signal))
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

/** The recording's figures, from the files that its storage lists. */
export function summarize(archive: Archive, files: readonly StoredFile[]): RecordingSummary {
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
