// A small HTTP server in control's place, for the nginx tests: it accepts the stream keys it is told to, and
// records or returns what nginx sends it.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A hook that nginx has sent. */
export interface Hook {
  readonly url: string
  readonly form: URLSearchParams
  /** X-OnAir-Nginx: which run of nginx sent it. */
  readonly nginx: string | undefined
}

export class FakeControl implements AsyncDisposable {
  readonly hooks: Hook[] = []
  /** The open answers of /v1/events. */
  readonly readers = new Set<ServerResponse>()
  /** The stream keys that may publish, each with its stream's id. */
  readonly ids = new Map<string, string>()
  readonly #api: Server
  readonly #hooks: Server

  private constructor() {
    this.#api = serve((req, res, body) => this.#answerApi(req, res, body))
    this.#hooks = serve((req, res, body) => this.#answerHook(req, res, body))
  }

  static async start(): Promise<FakeControl> {
    const control = new FakeControl()
    for (const server of [control.#api, control.#hooks])
      await once(server.listen(0, '127.0.0.1'), 'listening')
    return control
  }

  /** The settings under which nginx finds it. */
  get settings(): { readonly API_PORT: string; readonly HOOKS_PORT: string } {
    return { API_PORT: portOf(this.#api), HOOKS_PORT: portOf(this.#hooks) }
  }

  /** /v1/events stays open, /v1/die breaks the connection, and everything else answers with the request itself. */
  #answerApi(req: IncomingMessage, res: ServerResponse, body: string): void {
    if (req.url?.startsWith('/v1/events')) {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 1000\n\n')
      this.readers.add(res)
    } else if (req.url?.startsWith('/v1/die')) {
      req.socket.destroy()
    } else {
      res.writeHead(200, { 'content-type': 'application/json' })
      res.end(JSON.stringify({ url: req.url, headers: req.headers, length: body.length }))
    }
  }

  #answerHook(req: IncomingMessage, res: ServerResponse, body: string): void {
    const form = new URLSearchParams(body)
    this.hooks.push({ url: req.url ?? '', form, nginx: req.headers['x-onair-nginx']?.toString() })
    const id = this.ids.get(form.get('name') ?? '')
    if (req.url !== '/hooks/nginx/on_publish') res.writeHead(204)
    else if (id === undefined) res.writeHead(403)
    else res.writeHead(302, { location: id })
    res.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.#api, this.#hooks]) {
      server.close()
      server.closeAllConnections()
    }
  }
}

function serve(answer: (req: IncomingMessage, res: ServerResponse, body: string) => void): Server {
  return createServer((req, res) => {
    text(req).then(
      (body) => answer(req, res, body),
      () => res.destroy(),
    )
  })
}

function portOf(server: Server): string {
  return String((server.address() as AddressInfo).port)
}
