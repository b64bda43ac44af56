// Finalizes a recording once the broadcast is over: stores its playlist, a poster and an MP4. It can be repeated
// from the start at any time. A recording may lack its poster and MP4, but not its segments and playlist.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import pRetry from 'p-retry'
import type { Logger } from '../common/logger.ts'
import { untilAborted } from '../common/until-aborted.ts'
import type { RecordingSummary } from '../domain/recording.ts'
import { MP4, POSTER, VOD_PLAYLIST } from '../domain/recording-files.ts'
import { segmentsElsewhere } from '../domain/recording-task.ts'
import type { StoredSegment } from '../domain/segment.ts'
import type { Stream } from '../domain/stream.ts'
import type { Archive } from './archive.ts'
import { freeBytes } from './disk-space.ts'
import { makeMp4 } from './mp4.ts'
import { segmentName } from './segment-name.ts'
import { firstFrame } from './still-image.ts'
import type { Storage, StoredFile } from './storage.ts'
import { storeVodPlaylist, toRuns } from './vod-playlist.ts'

const MP4_TIMEOUT_MS = 60 * 60_000
const POSTER_TIMEOUT_MS = 20_000
/** The poster's frame is this far into the recording, as a fraction: the first seconds are often black. */
const POSTER_POSITION = 0.1
/** How often a single transfer is retried, on top of the storage's own retries. */
const RETRIES = 3

export interface FinalizerOptions {
  readonly logger: Logger
  /** A folder that only this process uses, for files that are being made. */
  readonly workDir: string
  readonly minFreeBytes: number
}

/** One recording that is being finalized. */
interface Task {
  readonly streamId: string
  readonly segments: readonly StoredSegment[]
  readonly segmentBytes: number
  readonly storage: Storage
  readonly signal: AbortSignal
  /** Where its files are made; removed afterwards. */
  readonly folder: string
}

export class Finalizer {
  readonly #options: FinalizerOptions
  /** One recording at a time, because each reads and writes a whole broadcast. */
  readonly #limit = pLimit(1)

  constructor(options: FinalizerOptions) {
    this.#options = options
  }

  /**
   * @param archive with at least one segment
   * @throws when the playlist can't be stored, or when `signal` aborts
   */
  finalize(
    stream: Stream,
    archive: Archive,
    storage: Storage,
    signal: AbortSignal,
  ): Promise<RecordingSummary> {
    const work = this.#limit(() => this.#finalize(stream, archive, storage, signal))
    return untilAborted(work, signal)
  }

  async #finalize(
    stream: Stream,
    archive: Archive,
    storage: Storage,
    signal: AbortSignal,
  ): Promise<RecordingSummary> {
    signal.throwIfAborted()
    const { segments } = archive
    const { id: streamId } = stream
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
      return summarize(stream, archive, await retry(task, () => storage.list(streamId, signal)))
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
      this.#options.logger.warn(
        { err: error, stream: streamId, what },
        'a recording will have no poster or no MP4',
      )
    }
  }

  async #makePoster(task: Task): Promise<void> {
    const { streamId, segments, storage, signal, folder } = task
    const segment = segments[Math.floor(segments.length * POSTER_POSITION)] as StoredSegment
    const source = await retry(task, () => storage.fetch(streamId, segmentName(segment), folder, signal))
    const path = join(folder, POSTER)
    await writeFile(path, await firstFrame(source, { signal, timeoutMs: POSTER_TIMEOUT_MS }))
    await retry(task, () => storage.storeFile(streamId, POSTER, path, signal))
  }

  async #makeMp4(task: Task): Promise<void> {
    const { streamId, segments, segmentBytes, storage, signal, folder } = task
    const copies = storage.fetchCopies ? 2 : 1
    if ((await freeBytes(folder)) < segmentBytes * copies + this.#options.minFreeBytes)
      throw new Error('the disk has too little room to make the MP4')
    const runs = []
    for (const run of toRuns(segments)) {
      const files = []
      for (const segment of run) {
        const path = await retry(task, () => storage.fetch(streamId, segmentName(segment), folder, signal))
        files.push({ ...segment, path })
      }
      runs.push(files)
    }
    const path = await makeMp4(runs, folder, { signal, timeoutMs: MP4_TIMEOUT_MS })
    await retry(task, () => storage.storeFile(streamId, MP4, path, signal))
  }
}

function retry<T>({ signal }: Task, work: () => Promise<T>): Promise<T> {
  return pRetry(work, { retries: RETRIES, signal })
}

/** The recording's figures, taken from the storage's list of files; segments that another storage has are missing. */
export function summarize(
  { recording }: Stream,
  archive: Archive,
  files: readonly StoredFile[],
): RecordingSummary {
  const has = (name: string) => files.some((file) => file.name === name)
  return {
    durationMs: archive.totals?.durationMs ?? null,
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    missingSegments:
      (archive.totals?.missingSegments ?? 0) + (recording === null ? 0 : segmentsElsewhere(recording)),
    hasPlaylist: has(VOD_PLAYLIST),
    hasMp4: has(MP4),
    hasPoster: has(POSTER),
  }
}
