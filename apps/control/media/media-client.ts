// Asks media (apps/media), which runs every ffmpeg, for pictures and MP4s, over its Unix socket.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { relative, sep } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { Outage } from '../common/outage.ts'
import { OutageError } from '../common/outage-error.ts'
import { type FolderName, type JobRequest, JobState, type PictureRequest } from './media-api.ts'

/** Jobs are looked up and begun within this; the work itself goes on afterwards. */
const ANSWER_MS = 5_000

/** Media is not running, does not answer in time, or has too much to do. The request can be repeated. */
export class MediaUnavailableError extends OutageError {
  override name = 'MediaUnavailableError'
}

/** Media cannot do this, however often it is asked; the message says why. */
export class MediaRefusedError extends Error {
  override name = 'MediaRefusedError'
}

export interface MediaClientOptions {
  /** MEDIA_SOCKET. */
  readonly socket: string
  readonly hlsDir: string
  readonly recordingsDir: string
  readonly outage: Outage
}

interface Call {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs: number
}

interface Answer {
  readonly status: number
  readonly body: Buffer
}

export class MediaClient {
  readonly #options: MediaClientOptions

  constructor(options: MediaClientOptions) {
    this.#options = options
  }

  /**
   * A frame of a segment as a JPEG, 640 pixels wide.
   * @param path in HLS_DIR or RECORDINGS_DIR
   * @throws MediaUnavailableError, or MediaRefusedError when the segment gives no picture
   */
  async picture(
    path: string,
    frame: PictureRequest['frame'],
    { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<Buffer> {
    const { folder, name: segment } = this.#locate(path)
    const body: PictureRequest = { folder, segment, frame }
    const answer = await this.#call({ method: 'POST', path: '/pictures', body, signal, timeoutMs })
    return answer.body
  }

  /**
   * Says that an MP4 is to be made; a job of this name and version that exists already goes on.
   * @param runs segments in RECORDINGS_DIR, by their paths
   * @throws MediaUnavailableError, MediaRefusedError
   */
  async startMp4(
    name: string,
    version: string,
    folder: string,
    runs: readonly (readonly { readonly path: string; readonly durationMs: number }[])[],
  ): Promise<void> {
    const body: JobRequest = {
      ...{ kind: 'mp4', version, folder: this.#inRecordings(folder) },
      runs: runs.map((run) =>
        run.map(({ path, durationMs }) => ({ path: this.#inRecordings(path), durationMs })),
      ),
    }
    await this.#call({ method: 'PUT', path: `/jobs/${name}`, body, timeoutMs: ANSWER_MS })
  }

  /** How a job is getting on; null: media knows no such job. @throws MediaUnavailableError */
  async job(name: string): Promise<JobState | null> {
    const { status, body } = await this.#call({ method: 'GET', path: `/jobs/${name}`, timeoutMs: ANSWER_MS })
    return status === 404 ? null : JobState.parse(JSON.parse(body.toString()))
  }

  /** Ends a job, if there is one; afterwards nothing of it is running. @throws MediaUnavailableError */
  async dropJob(name: string): Promise<void> {
    await this.#call({ method: 'DELETE', path: `/jobs/${name}`, timeoutMs: ANSWER_MS })
  }

  #locate(path: string): { folder: FolderName; name: string } {
    const { hlsDir } = this.#options
    const inHls = relative(hlsDir, path)
    if (!inHls.startsWith('..')) return { folder: 'hls', name: inHls.split(sep).join('/') }
    return { folder: 'recordings', name: this.#inRecordings(path) }
  }

  #inRecordings(path: string): string {
    return relative(this.#options.recordingsDir, path).split(sep).join('/')
  }

  /** @returns an answer with a status below 400, or 404 to a GET */
  async #call({ signal, timeoutMs, ...call }: Call): Promise<Answer> {
    const { outage } = this.#options
    const limit = AbortSignal.timeout(timeoutMs)
    let answer: Answer
    try {
      answer = await this.#send({ ...call, signal: signal ? AbortSignal.any([signal, limit]) : limit })
      if (answer.status >= 500) throw new Error(`it answered ${answer.status}: ${textOf(answer)}`)
    } catch (error) {
      signal?.throwIfAborted()
      const reason = limit.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error
      outage.failed(reason)
      throw new MediaUnavailableError('media does not answer', { cause: reason })
    }
    outage.succeeded()
    const isMissing = answer.status === 404 && call.method === 'GET'
    if (answer.status >= 400 && !isMissing) throw new MediaRefusedError(textOf(answer))
    return answer
  }

  async #send({ method, path, body, signal }: Omit<Call, 'timeoutMs'>): Promise<Answer> {
    const { socket: socketPath } = this.#options
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const outgoing = request({ socketPath, method, path, headers, signal, agent: false })
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    return { status: incoming.statusCode ?? 0, body: await buffer(incoming) }
  }
}

/** The error's message; Fastify's errors are JSON. */
function textOf({ body }: Answer): string {
  const text = body.toString()
  try {
    return String((JSON.parse(text) as { message?: unknown }).message ?? text)
  } catch {
    return text
  }
}
