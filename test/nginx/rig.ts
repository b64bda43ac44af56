// What the nginx tests stand on: nginx as nginx/start.sh starts it, on free ports and in a folder of
// its own, with a small HTTP server in control's place, and ffmpeg as the streamer.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const START = fileURLToPath(new URL('../../nginx/start.sh', import.meta.url))

type Falsy = false | undefined | null | '' | 0

/** Waits until `look` gives something truthy and returns that. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  timeoutMs = 10_000,
): Promise<Exclude<T, Falsy>> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const seen = await look()
    if (seen) return seen as Exclude<T, Falsy>
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await delay(20)
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createTcpServer().listen(0))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}

async function listen(
  answer: (req: IncomingMessage, res: ServerResponse, body: string) => void,
): Promise<{ server: Server; port: number }> {
  const server = createServer((req, res) => {
    let body = ''
    req.setEncoding('utf8').on('data', (piece: string) => {
      body += piece
    })
    req.on('end', () => answer(req, res, body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface Hook {
  readonly url: string
  readonly form: URLSearchParams
  readonly nginx: string | undefined
}

/** Stands for control: lets in the keys of `ids` under their id, and shows what reaches the API. */
export class StandIn implements AsyncDisposable {
  readonly hooks: Hook[] = []
  readonly readers = new Set<ServerResponse>()
  readonly ids = new Map<string, string>()
  readonly apiPort: number
  readonly hooksPort: number
  readonly #servers: Server[]

  private constructor(api: { server: Server; port: number }, hooks: { server: Server; port: number }) {
    this.apiPort = api.port
    this.hooksPort = hooks.port
    this.#servers = [api.server, hooks.server]
  }

  static async create(): Promise<StandIn> {
    const standIn: StandIn = new StandIn(
      await listen((req, res, body) => {
        if (req.url?.startsWith('/v1/events')) {
          res.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 1000\n\n')
          standIn.readers.add(res)
          return
        }
        if (req.url?.startsWith('/v1/die')) {
          req.socket.destroy()
          return
        }
        res.writeHead(200, { 'content-type': 'application/json' })
        res.end(JSON.stringify({ url: req.url, headers: req.headers, length: body.length }))
      }),
      await listen((req, res, body) => standIn.#hook(req, res, body)),
    )
    return standIn
  }

  #hook(req: IncomingMessage, res: ServerResponse, body: string): void {
    const form = new URLSearchParams(body)
    this.hooks.push({ url: req.url ?? '', form, nginx: req.headers['x-onair-nginx']?.toString() })
    const id = this.ids.get(form.get('name') ?? '')
    if (req.url !== '/hooks/nginx/on_publish') res.writeHead(204)
    else if (id === undefined) res.writeHead(403)
    else res.writeHead(302, { location: id })
    res.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
  }
}

export interface StartOptions {
  readonly env?: Record<string, string>
  readonly uid?: number
}

/** nginx, its folders and everything it wrote to standard error. */
export class Nginx implements AsyncDisposable {
  readonly folder: string
  readonly env: Record<string, string>
  readonly uid: number | undefined
  log = ''
  #process: ChildProcess | undefined
  readonly #groups: number[] = []

  private constructor(folder: string, env: Record<string, string>, uid: number | undefined) {
    this.folder = folder
    this.env = env
    this.uid = uid
  }

  static async create(standIn: StandIn, options: StartOptions = {}): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'onair-nginx-test-'))
    await chmod(folder, 0o777)
    await mkdir(join(folder, 'web/assets'), { recursive: true })
    await writeFile(join(folder, 'web/index.html'), '<!doctype html><title>OnAir</title>')
    await writeFile(join(folder, 'web/.env'), 'SECRET=1')
    await writeFile(join(folder, 'web/assets/app-Ab3_d6Gh.js'), 'x'.repeat(1000))
    await writeFile(join(folder, 'web/assets/icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
    const [http, rtmp, internalHttp, internalRtmp] = await freePorts(4)
    const nginx = new Nginx(
      folder,
      {
        PATH: process.env.PATH ?? '',
        HTTP_PORT: String(http),
        RTMP_PORT: String(rtmp),
        INTERNAL_HTTP_PORT: String(internalHttp),
        INTERNAL_RTMP_PORT: String(internalRtmp),
        API_PORT: String(standIn.apiPort),
        HOOKS_PORT: String(standIn.hooksPort),
        HLS_DIR: join(folder, 'hls'),
        RECORDINGS_DIR: join(folder, 'recordings'),
        DASH_DIR: join(folder, 'dash'),
        WEB_ROOT: join(folder, 'web'),
        NGINX_RUN_DIR: join(folder, 'run'),
        ...options.env,
      },
      options.uid,
    )
    try {
      await nginx.start()
    } catch (error) {
      await nginx[Symbol.asyncDispose]()
      throw error
    }
    return nginx
  }

  /** The master's process id: start.sh becomes nginx. */
  get pid(): number {
    return this.#process?.pid ?? -1
  }

  async start(): Promise<void> {
    const child = spawn(START, {
      env: this.env,
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own, so that nothing outlives the test, whatever went wrong.
      detached: true,
      ...(this.uid === undefined ? {} : { uid: this.uid, gid: this.uid }),
    })
    this.#process = child
    if (child.pid !== undefined) this.#groups.push(child.pid)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log += text
    })
    await eventually(`nginx to answer: ${this.log}`, async () => {
      if (child.exitCode !== null) throw new Error(`start.sh gave up: ${this.log}`)
      return this.#isUp(child.pid)
    })
  }

  async #isUp(master: number | undefined): Promise<boolean> {
    const stat = await this.internal('/stat').catch(() => undefined)
    const worker = stat === undefined ? '' : (String(stat.headers['x-onair-nginx']).split('-').at(-1) ?? '')
    return worker !== '' && (await parentOf(worker)) === master
  }

  /** @returns how nginx ended */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; signal: string | null }> {
    const child = this.#process
    if (child === undefined) return { code: null, signal: null }
    const running = child.exitCode === null && child.signalCode === null
    if (running) {
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
    }
    return { code: child.exitCode, signal: child.signalCode }
  }

  get(path: string, headers: OutgoingHttpHeaders = {}, method = 'GET', body = ''): Promise<Answer> {
    return ask({ host: '127.0.0.1', port: Number(this.env.HTTP_PORT), path, headers, method }, body)
  }

  getIpv6(path: string): Promise<Answer> {
    return ask({ host: '::1', port: Number(this.env.HTTP_PORT), path, headers: {}, method: 'GET' }, '')
  }

  internal(path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return ask(
      { host: '127.0.0.1', port: Number(this.env.INTERNAL_HTTP_PORT), path, headers, method: 'GET' },
      '',
    )
  }

  publish(name: string, app = 'live', port = this.env.RTMP_PORT): Publisher {
    return new Publisher(`rtmp://127.0.0.1:${port}/${app}/${name}`)
  }

  /** @returns ffprobe's exit code after trying to watch over RTMP */
  async play(name: string, app: string, port = this.env.RTMP_PORT): Promise<number | null> {
    const url = `rtmp://127.0.0.1:${port}/${app}/${name}`
    const child = spawn('ffprobe', ['-loglevel', 'quiet', url], { stdio: 'ignore', timeout: 5000 })
    const [code] = (await once(child, 'exit')) as [number | null]
    return code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    for (const group of this.#groups) {
      try {
        process.kill(-group, 'SIGKILL')
      } catch {
        // All of it has ended, as it should.
      }
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function parentOf(pid: string): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

interface Asked {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly method: string
}

// Not fetch: it would tidy up paths such as /../ before they are sent.
async function ask(options: Asked, body: string): Promise<Answer> {
  const sent = request({ ...options, agent: false }).end(body)
  const [res] = (await once(sent, 'response')) as [IncomingMessage]
  const pieces: Buffer[] = []
  for await (const piece of res) pieces.push(piece as Buffer)
  return { status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(pieces) }
}

/** ffmpeg publishing a test picture with sound, five times as fast as life, until it is stopped. */
export class Publisher implements AsyncDisposable {
  readonly #process: ChildProcess
  /** Settles with ffmpeg's exit code; a publisher who was refused ends at once with one that is not 0. */
  readonly ended: Promise<number | null>

  constructor(url: string) {
    const input = ['-readrate', '5', '-f', 'lavfi', '-i']
    const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-pix_fmt', 'yuv420p']
    this.#process = spawn(
      'ffmpeg',
      ['-nostdin', '-loglevel', 'quiet', ...input, 'testsrc2=size=160x90:rate=30'].concat([
        ...input,
        'sine=frequency=440',
        ...video,
        '-c:a',
        'aac',
        '-f',
        'flv',
        url,
      ]),
      { stdio: 'ignore' },
    )
    this.ended = once(this.#process, 'exit').then(([code]) => code as number | null)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended
  }
}
