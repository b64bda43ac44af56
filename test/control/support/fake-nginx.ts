// Stands where nginx's internal HTTP server would be: says who publishes, and drops whom it is told to.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Application } from '../../../apps/control/ingest/stat.ts'

type Publishers = Map<string, number>

export class FakeNginx implements AsyncDisposable {
  /** Publishers' client numbers by stream. */
  readonly live: Publishers = new Map()
  readonly hls: Publishers = new Map()
  /** What it was told to drop: `live <id>` or `live <id> <client>`. */
  readonly drops: string[] = []
  /** How often it was asked. */
  asked = 0
  instance = '1-100'
  /** How it answers: as it should, with an error, or with something else. */
  mood: 'well' | 'failing' | 'confused' = 'well'
  /** Takes a drop's order and does nothing about it. */
  stubborn = false
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

  /** A publisher as it is once its stream has been pushed on to the second application. */
  publish(id: string, clientId: number): void {
    this.live.set(id, clientId)
    this.hls.set(id, 1_000 + clientId)
  }

  leave(id: string): void {
    this.live.delete(id)
    this.hls.delete(id)
  }

  /** Lets questions after publishers wait, to be answered with what is true by then. */
  hold(): void {
    this.#held = []
  }

  /** Answers the question that has waited longest; false when none is waiting. */
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
    if (this.mood === 'failing') return void response.writeHead(502).end('<html>502</html>')
    if (this.mood === 'confused') return void response.end('<html>welcome</html>')
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
    if (hit && !this.stubborn) this.#drop(application, name)
    response.end(hit ? '1' : '0')
  }

  /** A publisher that is dropped takes its push with it. */
  #drop(application: Application, name: string): void {
    this[application].delete(name)
    if (application === 'live') this.hls.delete(name)
  }

  #stat(): string {
    const application = (name: Application) =>
      `<server><application><name>${name}</name><live>${[...this[name]].map(stream).join('')}</live></application></server>`
    return `<?xml version="1.0"?><rtmp>${application('live')}${application('hls')}</rtmp>`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

function stream([name, client]: [string, number]): string {
  return `<stream><name>${name}</name><client><id>${client}</id><publishing/><active/></client></stream>`
}
