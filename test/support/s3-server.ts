// An S3-compatible server of a test's own (s3rver), which can be told to fail.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from '@20minutes/s3rver'

export const BUCKET = 'recordings'
/** The only ones the server takes. */
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' }

export class S3Server implements AsyncDisposable {
  /** Requests so far, failed ones included. */
  requests = 0
  /** Whether a request, by its number from 1, is answered with 500 instead of what it asks for. */
  fails: (request: number) => boolean = () => false
  /** Takes requests and never answers. */
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
      // It checks a bucket's own path without the slash that the SDK signs it with.
      allowMismatchedSignatures: true,
      configureBuckets: [{ name: BUCKET, configs: [] }],
    })
    await s3.configureBuckets()
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new S3Server(folder, s3.callback(), server)
  }

  /** Settings that make control keep recordings here. */
  get settings(): Record<string, string> {
    return { S3_ENDPOINT: `http://127.0.0.1:${this.#port}`, S3_BUCKET: BUCKET, ...CREDENTIALS }
  }

  /** Nobody listens any more, until `comeBack`. */
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
    response.end('<Error><Code>InternalError</Code><Message>as the test wants it</Message></Error>')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.goAway()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
