// Finalizes a recording once the broadcast is over: stores its playlist, a poster and an MP4. It can be repeated
// from the start at any time; an MP4 that media is making meanwhile is taken up again. A recording may lack its
// poster and MP4, but not its segments and playlist.
import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pLimit from 'p-limit'
import pRetry from 'p-retry'
import type { Logger } from '../common/logger.ts'
import { untilAborted } from '../common/until-aborted.ts'
import type { RecordingSummary } from '../domain/recording.ts'
import { MP4, POSTER, VOD_PLAYLIST } from '../domain/recording-files.ts'
import { segmentsElsewhere } from '../domain/recording-task.ts'
import type { StoredSegment } from '../domain/segment.ts'
import type { Stream } from '../domain/stream.ts'
import { type MediaClient, MediaUnavailableError } from '../media/media-client.ts'
import type { Archive } from './archive.ts'
import { freeBytes } from './disk-space.ts'
import { segmentName } from './segment-name.ts'
import type { Storage, StoredFile } from './storage.ts'
import { storeVodPlaylist, toRuns } from './vod-playlist.ts'

/** Thumbnails may be ahead of it. */
const POSTER_TIMEOUT_MS = 20_000
/** How often media is asked how far it is, and whether it is back. */
const ASK_MS = 250
/** Media loses its jobs when it dies. A broadcast that makes it die again and again gets no MP4. */
const MAX_STARTS = 5
/** The poster's frame is this far into the recording, as a fraction: the first seconds are often black. */
const POSTER_POSITION = 0.1
/** How often a single transfer is retried, on top of the storage's own retries. */
const RETRIES = 3

export interface FinalizerOptions {
  readonly media: MediaClient
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
  /** Where its files are made; removed once the recording is finalized or deleted. */
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
    await this.#attempt(task, 'folder', async () => {
      await mkdir(folder, { recursive: true })
    })
    await this.#attempt(task, 'poster', () => this.#makePoster(task))
    await this.#attempt(task, 'MP4', () => this.#makeMp4(task))
    const summary = summarize(stream, archive, await retry(task, () => storage.list(streamId, signal)))
    await this.discard(streamId)
    return summary
  }

  /** Ends what media does for a recording, and removes the files that were made on the way. */
  async discard(streamId: string): Promise<void> {
    const { media, workDir, logger } = this.#options
    await media.dropJob(streamId).catch((error: unknown) => {
      // When it has died, its jobs have, too.
      logger.debug({ err: error, stream: streamId }, 'media could not be told to forget a job')
    })
    await rm(join(workDir, streamId), { recursive: true, force: true }).catch(() => {})
  }

  /** Removes what an earlier process left, but not of recordings that are still to be finalized. */
  async removeLeftovers(isUnfinished: (streamId: string) => Promise<boolean>): Promise<void> {
    const names = await readdir(this.#options.workDir).catch(() => [])
    for (const name of names) if (!(await isUnfinished(name))) await this.discard(name)
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
    const { media } = this.#options
    const options = { signal, timeoutMs: POSTER_TIMEOUT_MS }
    await writeFile(path, await whenThere(task, () => media.picture(source, 'first', options)))
    await retry(task, () => storage.storeFile(streamId, POSTER, path, signal))
  }

  /** Takes up the MP4 that media is making or has made of these segments, or lets it begin. */
  async #makeMp4(task: Task): Promise<void> {
    const { streamId, segments, storage, signal, folder } = task
    const { media } = this.#options
    const names = segments.map(segmentName).join('\n')
    const version = createHash('sha256').update(names).digest('hex')
    for (let starts = 0; ; ) {
      const job = await whenThere(task, () => media.job(streamId))
      if (job?.version !== version) {
        if (++starts > MAX_STARTS) throw new Error(`media did not finish the MP4 in ${MAX_STARTS} attempts`)
        const runs = await this.#fetchRuns(task)
        await whenThere(task, () => media.startMp4(streamId, version, folder, runs))
      } else if (job.status === 'failed') throw new Error(job.reason ?? 'media could not make the MP4')
      else if (job.status === 'done') break
      await delay(ASK_MS, undefined, { signal })
    }
    await retry(task, () => storage.storeFile(streamId, MP4, join(folder, MP4), signal))
  }

  /** The segments as files of this machine, in their runs. */
  async #fetchRuns(task: Task): Promise<{ path: string; durationMs: number }[][]> {
    const { streamId, segments, segmentBytes, storage, signal, folder } = task
    // Files of another version of the job must not change under it.
    await whenThere(task, () => this.#options.media.dropJob(streamId))
    const copies = storage.fetchCopies ? 2 : 1
    if ((await freeBytes(folder)) < segmentBytes * copies + this.#options.minFreeBytes)
      throw new Error('the disk has too little room to make the MP4')
    const runs = []
    for (const run of toRuns(segments)) {
      const files = []
      for (const segment of run) {
        const path = await retry(task, () => storage.fetch(streamId, segmentName(segment), folder, signal))
        files.push({ path, durationMs: segment.durationMs })
      }
      runs.push(files)
    }
    return runs
  }
}

/** Asks media again until it is there. @throws what media refuses, or when the task's signal aborts */
async function whenThere<T>({ signal }: Task, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof MediaUnavailableError)) throw error
      await delay(ASK_MS, undefined, { signal })
    }
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
