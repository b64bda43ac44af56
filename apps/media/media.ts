// Media as one object that main.ts and the tests create, start and dispose of.
import { chmod, mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Logger } from '../control/common/logger.ts'
import { buildMediaApp } from './app.ts'
import { Ffmpeg } from './ffmpeg.ts'
import { Folders } from './folders.ts'
import { Jobs } from './jobs.ts'

export interface MediaOptions {
  /** MEDIA_SOCKET. */
  readonly socket: string
  /** Absolute. */
  readonly hlsDir: string
  /** Absolute. */
  readonly recordingsDir: string
  /** PATH. */
  readonly searchPath: string
  readonly logger: Logger
}

export class Media implements AsyncDisposable {
  readonly #options: MediaOptions
  readonly #ffmpeg: Ffmpeg
  readonly #jobs: Jobs
  readonly #app: FastifyInstance
  readonly #abort = new AbortController()

  constructor(options: MediaOptions) {
    const { hlsDir, recordingsDir, searchPath, logger } = options
    this.#options = options
    this.#ffmpeg = new Ffmpeg(searchPath)
    const ffmpeg = this.#ffmpeg
    const folders = new Folders({ hls: hlsDir, recordings: recordingsDir })
    this.#jobs = new Jobs({ ffmpeg, folders, logger })
    this.#app = buildMediaApp({ ffmpeg, folders, jobs: this.#jobs, signal: this.#abort.signal })
  }

  /** Says in the log how ffmpeg is protected, and listens. @throws when the socket cannot be made */
  async start(): Promise<void> {
    const { socket, logger } = this.#options
    const { protection, without } = await this.#ffmpeg.start()
    if (without.length === 0) logger.info({ protection }, 'ffmpeg runs in a sandbox')
    else logger.warn({ protection, without }, 'ffmpeg runs with less protection than it could have')
    // Only this user may enter the folder. What is there already is from a process that was killed.
    await mkdir(dirname(socket), { recursive: true, mode: 0o700 })
    await rm(socket, { force: true })
    await this.#app.listen({ path: socket })
    await chmod(socket, 0o600)
  }

  /** Kills every ffmpeg and waits until they are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#jobs[Symbol.asyncDispose]()
    await this.#app.close()
  }
}
