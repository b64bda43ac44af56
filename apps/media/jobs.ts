// Jobs that control asks for by name, and takes up by name when it was restarted meanwhile. A job goes on without
// control, until it has ended or is dropped; all are gone when media itself ends, and control asks for them again.
import pLimit from 'p-limit'
import type { Logger } from '../control/common/logger.ts'
import type { JobRequest, JobState } from '../control/media/media-api.ts'
import type { Ffmpeg } from './ffmpeg.ts'
import type { Folders } from './folders.ts'
import { makeMp4 } from './mp4.ts'

/** One at a time, because each reads and writes a whole broadcast. */
const CONCURRENCY = 1
const MP4_TIMEOUT_MS = 60 * 60_000
/** Jobs that wait or run; more are refused until some have ended. */
const MAX_UNFINISHED = 100
/** Ended jobs that nobody has dropped; the oldest are forgotten, and would be done again. */
const MAX_ENDED = 100

export class TooManyJobsError extends Error {
  override name = 'TooManyJobsError'
}

interface Job {
  state: JobState
  readonly abort: AbortController
  ended: Promise<void>
}

export interface JobsOptions {
  readonly ffmpeg: Ffmpeg
  readonly folders: Folders
  readonly logger: Logger
}

export class Jobs implements AsyncDisposable {
  readonly #options: JobsOptions
  /** By name; the oldest is first. */
  readonly #jobs = new Map<string, Job>()
  readonly #limit = pLimit(CONCURRENCY)

  constructor(options: JobsOptions) {
    this.#options = options
  }

  get(name: string): JobState | null {
    return this.#jobs.get(name)?.state ?? null
  }

  /**
   * Starts a job unless there is one of this name and version, whether it runs or has ended.
   * @throws TooManyJobsError
   */
  async put(name: string, request: JobRequest): Promise<JobState> {
    const existing = this.#jobs.get(name)
    if (existing?.state.version === request.version) return existing.state
    await this.drop(name)
    const states = [...this.#jobs.values()].map(({ state }) => state.status)
    if (states.filter((status) => status === 'running').length >= MAX_UNFINISHED)
      throw new TooManyJobsError('media has too many jobs')
    const job: Job = {
      state: { version: request.version, status: 'running', reason: null },
      abort: new AbortController(),
      ended: Promise.resolve(),
    }
    this.#jobs.set(name, job)
    this.#options.logger.debug({ job: name }, 'a job was asked for')
    job.ended = this.#limit(() => this.#run(name, job, request))
    return job.state
  }

  /** Ends a job and forgets it; resolves when nothing of it is running. */
  async drop(name: string): Promise<void> {
    const job = this.#jobs.get(name)
    if (job === undefined) return
    job.abort.abort()
    this.#jobs.delete(name)
    await job.ended
  }

  async #run(name: string, job: Job, request: JobRequest): Promise<void> {
    const { logger } = this.#options
    const end = (status: 'done' | 'failed', reason: string | null) => {
      job.state = { ...job.state, status, reason }
      this.#forgetOldest()
    }
    try {
      await this.#makeMp4(request, job.abort.signal)
      end('done', null)
    } catch (error) {
      if (!job.abort.signal.aborted) logger.warn({ err: error, job: name }, 'a job has failed')
      end('failed', (error as Error).message)
    }
  }

  async #makeMp4({ folder, runs }: JobRequest, signal: AbortSignal): Promise<void> {
    const { ffmpeg, folders } = this.#options
    signal.throwIfAborted()
    const files = []
    for (const run of runs) {
      const segments = []
      for (const { path, durationMs } of run)
        segments.push({ path: await folders.find('recordings', path), durationMs })
      files.push(segments)
    }
    const workFolder = await folders.find('recordings', folder)
    await makeMp4(files, workFolder, { ffmpeg, signal, timeoutMs: MP4_TIMEOUT_MS })
  }

  #forgetOldest(): void {
    const ended = [...this.#jobs].filter(([, { state }]) => state.status !== 'running')
    for (const [name] of ended.slice(0, -MAX_ENDED)) this.#jobs.delete(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#jobs.keys()].map((name) => this.drop(name)))
  }
}
