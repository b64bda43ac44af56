// An S3-compatible server (s3rver) that a test can make fail.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from '@20minutes/s3rver'

export const BUCKET = 'recordings'
/** The server accepts no others. */
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' }

export class S3Server implements AsyncDisposable {
  /** Requests so far, failed ones included. */
  requests = 0
  /** Whether the n-th request, counted from 1, is answered with 500. */
  fails: (request: number) => boolean = () => false
  /** Whether it accepts requests and never answers them. */
  silent = false
  readonly #folder: string
  readonly #answer: (request: IncomingMessage, response: ServerResponse) => void
  #server: Server
  readonly #port: number

  private constructor(
    folder: string,
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    server: Server,
  ) {
    this.#folder = folder
    this.#answer = answer
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
    server.on('request', this.#onRequest)
  }

  static async start(): Promise<S3Server> {
    const folder = await mkdtemp(join(tmpdir(), 's3-'))
    const s3 = new S3rver({
      directory: folder,
      silent: true,
      // s3rver checks the path of a bucket without the slash with which the SDK signs it.
      allowMismatchedSignatures: true,
      configureBuckets: [{ name: BUCKET, configs: [] }],
    })
    await s3.configureBuckets()
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new S3Server(folder, s3.callback(), server)
  }

  /** Settings with which control stores recordings here. */
  get settings(): Record<string, string> {
    return { S3_ENDPOINT: `http://127.0.0.1:${this.#port}`, S3_BUCKET: BUCKET, ...CREDENTIALS }
  }

  /** Stops listening until `comeBack`. */
  async goAway(): Promise<void> {
    const server = this.#server
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  async comeBack(): Promise<void> {
    this.#server = createServer(this.#onRequest).listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    this.requests += 1
    if (this.silent) return
    if (!this.fails(this.requests)) {
      this.#answer(request, response)
      return
    }
    request.resume()
    response.writeHead(500, { 'content-type': 'application/xml' })
    response.end('<Error><Code>InternalError</Code><Message>the test makes it fail</Message></Error>')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.goAway()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
