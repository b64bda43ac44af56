// A stand-in for nginx's internal HTTP server: lists publishers on /stat and drops them on /control.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Application } from '../../../apps/control/ingest/stat.ts'

type Publishers = Map<string, number>

export class FakeNginx implements AsyncDisposable {
  /** Publishers' client numbers by stream. */
  readonly live: Publishers = new Map()
  readonly hls: Publishers = new Map()
  /** What each stream’s publisher has sent so far, in bytes. */
  readonly bytes: Map<string, number> = new Map()
  /** The drops that were requested: `live <id>` or `live <id> <client>`. */
  readonly drops: string[] = []
  /** How many requests it has received. */
  asked = 0
  instance = '1-100'
  answers: 'normally' | 'with-errors' | 'with-html' = 'normally'
  /** Whether it answers drop requests without dropping anybody. */
  ignoresDrops = false
  readonly url: string
  readonly #server: Server
  #held: (() => void)[] | null = null

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(): Promise<FakeNginx> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const nginx = new FakeNginx(server)
    server.on('request', (request, response) => nginx.#answer(request, response))
    return nginx
  }

  /** Adds a publisher whose stream has been pushed on to the second application. */
  publish(id: string, clientId: number): void {
    this.live.set(id, clientId)
    this.hls.set(id, 1_000 + clientId)
  }

  leave(id: string): void {
    this.live.delete(id)
    this.hls.delete(id)
  }

  /** Holds requests for /stat back; each is answered later with the publishers of that moment. */
  hold(): void {
    this.#held = []
  }

  /** Answers the request that has waited longest; false when none is waiting. */
  answerOne(): boolean {
    const answer = this.#held?.shift()
    answer?.()
    return answer !== undefined
  }

  answerAll(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const answer of held) answer()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.asked += 1
    response.setHeader('x-onair-nginx', this.instance)
    if (this.answers === 'with-errors') return void response.writeHead(502).end('<html>502</html>')
    if (this.answers === 'with-html') return void response.end('<html>welcome</html>')
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    if (pathname === '/stat') {
      const answer = () => response.end(this.#stat())
      if (this.#held === null) answer()
      else this.#held.push(answer)
      return
    }
    const application = searchParams.get('app') as Application
    const [name, client] = [searchParams.get('name') ?? '', searchParams.get('clientid')]
    this.drops.push([application, name, ...(client === null ? [] : [client])].join(' '))
    const hit = client === null || this[application].get(name) === Number(client)
    if (hit && !this.ignoresDrops) this.#drop(application, name)
    response.end(hit ? '1' : '0')
  }

  /** A publisher's push ends with it. */
  #drop(application: Application, name: string): void {
    this[application].delete(name)
    if (application === 'live') this.hls.delete(name)
  }

  #stat(): string {
    const application = (name: Application) =>
      `<server><application><name>${name}</name><live>${[...this[name]].map(([id, client]) => stream(id, client, this.bytes.get(id) ?? 0)).join('')}</live></application></server>`
    return `<?xml version="1.0"?><rtmp>${application('live')}${application('hls')}</rtmp>`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

function stream(name: string, client: number, bytes: number): string {
  return `<stream><name>${name}</name><bytes_in>${bytes}</bytes_in><client><id>${client}</id><publishing/><active/></client></stream>`
}
