// The whole service as `npm start` runs it, in a process of its own: real nginx and control, on free ports
// and in a new folder, with a database on the test run's server. Long because it has the shapes of REST's answers.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allProcesses } from '../../apps/stack/supervision/process-group.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { freePortSettings, type PortSettings } from './ports.ts'
import { letStackUse } from './stack-user.ts'
import { until } from './until.ts'

const ROOT = join(import.meta.dirname, '../..')
const READY_MS = 40_000
const STOP_MS = 20_000

/**
 * The programs of a stack, and how their command lines and those of their parents are recognised. `nginx` is the
 * ingest nginx.
 */
const PROGRAMS = {
  stack: { own: /apps\/stack\/main\.ts/, parent: /^/ },
  control: { own: /apps\/control\/main\.ts/, parent: /^/ },
  media: { own: /apps\/media\/main\.ts/, parent: /^/ },
  'nginx-master': { own: /^nginx: master.*\/ingest\.conf/, parent: /^/ },
  'nginx-worker': { own: /^nginx: worker/, parent: /\/ingest\.conf/ },
  'public-nginx-master': { own: /^nginx: master.*\/public\.conf/, parent: /^/ },
  'public-nginx-worker': { own: /^nginx: worker/, parent: /\/public\.conf/ },
} as const

export type Program = keyof typeof PROGRAMS

/** A stream as REST answers with it. */
export interface StreamAnswer {
  readonly id: string
  readonly status: string
  readonly title: string | null
  readonly connectedAt: string | null
  readonly liveAt: string | null
  readonly endedAt: string | null
  readonly endReason: string | null
  readonly playback: { readonly hls: string; readonly dash: string }
  readonly recording: RecordingAnswer | null
}

export interface RecordingAnswer {
  readonly status: string
  readonly durationS: number | null
  readonly sizeBytes: number | null
  readonly missingSegments: number
  readonly playback: { readonly hls: string | null }
  readonly download: { readonly mp4: string | null }
  readonly poster: string | null
}

export interface IssuedAnswer extends StreamAnswer {
  readonly streamKey: { readonly value: string; readonly expiresAt: string; readonly ingestUrl: string }
}

export class TestStack implements AsyncDisposable {
  /** Where the page is; HTTPS with TLS_CERT. */
  readonly url: string
  /** HTTP_PORT, which answers /readyz with and without TLS_CERT. */
  readonly plainUrl: string
  readonly ports: Readonly<Record<'httpPort' | 'httpsPort' | 'rtmpPort' | 'rtmpsPort', number>>
  readonly internalUrl: string
  readonly hooksUrl: string
  readonly rtmpUrl: string
  readonly hlsDir: string
  readonly dashDir: string
  readonly recordingsDir: string
  readonly nodeId: string
  readonly folder: string
  readonly database: TestDatabase
  readonly #ownsDatabase: boolean
  readonly #process: ChildProcess
  #output = ''

  private constructor(
    env: Record<string, string>,
    folder: string,
    database: TestDatabase,
    ownsDatabase: boolean,
  ) {
    this.plainUrl = `http://127.0.0.1:${env.HTTP_PORT}`
    this.url = env.TLS_CERT ? `https://localhost:${env.HTTPS_PORT}` : this.plainUrl
    this.ports = {
      ...{ httpPort: Number(env.HTTP_PORT), httpsPort: Number(env.HTTPS_PORT) },
      ...{ rtmpPort: Number(env.RTMP_PORT), rtmpsPort: Number(env.RTMPS_PORT) },
    }
    this.internalUrl = `http://127.0.0.1:${env.INTERNAL_HTTP_PORT}`
    this.hooksUrl = `http://127.0.0.1:${env.HOOKS_PORT}`
    this.rtmpUrl = String(env.RTMP_URL)
    this.hlsDir = String(env.HLS_DIR)
    this.dashDir = String(env.DASH_DIR)
    this.recordingsDir = String(env.RECORDINGS_DIR)
    this.nodeId = String(env.NODE_ID)
    this.folder = folder
    this.database = database
    this.#ownsDatabase = ownsDatabase
    this.#process = spawn(process.execPath, [join(ROOT, 'apps/stack/main.ts')], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const pipe of [this.#process.stdout, this.#process.stderr]) {
      pipe?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    }
  }

  /** Everything that nginx, control and the stack have printed. */
  get output(): string {
    return this.#output
  }

  /**
   * @param settings as in the environment; ports and folders are chosen here
   * @param shared a database for several stacks; the caller disposes of it
   */
  static async start(settings: Record<string, string> = {}, shared?: TestDatabase): Promise<TestStack> {
    const folder = await mkdtemp(join(tmpdir(), 'stack-'))
    // Started by root, the stack runs as another user.
    await chmod(folder, 0o755)
    const database = shared ?? (await createTestDatabase())
    letStackUse(database.url)
    const ports = await freePortSettings()
    const env = {
      ...ports,
      ...addresses(ports, 'TLS_CERT' in settings),
      HLS_DIR: join(folder, 'hls'),
      DASH_DIR: join(folder, 'dash'),
      DATA_DIR: join(folder, 'data'),
      RECORDINGS_DIR: join(folder, 'recordings'),
      RECORDINGS_MIN_FREE_BYTES: '0',
      HLS_MIN_FREE_BYTES: '0',
      DATABASE_URL: database.url.reveal(),
      CREATE_RATE_LIMIT: '0',
      NODE_ID: 'e2e',
      ...settings,
    }
    const stack = new TestStack(env, folder, database, shared === undefined)
    try {
      await until(
        'the stack to be ready',
        () => {
          if (stack.#process.exitCode !== null) throw new Error('the stack has stopped')
          return stack.isReady()
        },
        READY_MS,
      )
    } catch (error) {
      await stack[Symbol.asyncDispose]()
      throw new Error(`${String(error)}\n${stack.output}`)
    }
    return stack
  }

  /** The process id of one of the stack's programs; undefined while it does not run. */
  pidOf(program: Program): number | undefined {
    return this.pidsOf(program)[0]
  }

  /** The public nginx has several workers. */
  pidsOf(program: Program): number[] {
    const all = allProcesses()
    const family = new Set([this.#process.pid])
    // A child may be listed before its parent, so one pass is needed for each generation.
    for (let generation = 0; generation < 5; generation++) {
      for (const { pid, parent } of all) if (family.has(parent)) family.add(pid)
    }
    const { own, parent } = PROGRAMS[program]
    return all
      .filter(
        (it) => family.has(it.pid) && own.test(commandLine(it.pid)) && parent.test(commandLine(it.parent)),
      )
      .map(({ pid }) => pid)
  }

  /** Whether /readyz answers 200 at the public port. */
  async isReady(): Promise<boolean> {
    const response = await fetch(`${this.plainUrl}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => null,
    )
    await response?.body?.cancel()
    return response?.ok ?? false
  }

  async create(body: Record<string, unknown> = {}): Promise<IssuedAnswer> {
    const response = await this.#post('/v1/streams', body)
    if (response.status !== 201) throw new Error(`no stream: ${response.status} ${await response.text()}`)
    return (await response.json()) as IssuedAnswer
  }

  async stream(id: string): Promise<StreamAnswer> {
    const response = await fetch(`${this.url}/v1/streams/${id}`)
    return (await response.json()) as StreamAnswer
  }

  /** The stream's playlist in this node's HLS folder; empty when there is none. */
  async playlist(id: string): Promise<string> {
    return readFile(join(this.hlsDir, id, 'index.m3u8'), 'utf8').catch(() => '')
  }

  /** POST …/end or …/stream-key with the stream's key. */
  async manage(id: string, action: 'end' | 'stream-key', key: string): Promise<Response> {
    return this.#post(`/v1/streams/${id}/${action}`, undefined, { authorization: `Bearer ${key}` })
  }

  /** Waits until the stream has this status. */
  async reaches(id: string, status: string, timeoutMs?: number): Promise<StreamAnswer> {
    return until(
      `stream ${id} to be ${status}`,
      async () => {
        const stream = await this.stream(id)
        return stream.status === status && stream
      },
      timeoutMs,
    )
  }

  #post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGTERM')
      await once(this.#process, 'exit', { signal: AbortSignal.timeout(STOP_MS) })
    }
    if (this.#ownsDatabase) await this.database[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }
}

function addresses(ports: PortSettings, tls: boolean) {
  return tls
    ? {
        PUBLIC_URL: `https://localhost:${ports.HTTPS_PORT}`,
        RTMP_URL: `rtmps://localhost:${ports.RTMPS_PORT}/live`,
      }
    : {
        PUBLIC_URL: `http://127.0.0.1:${ports.HTTP_PORT}`,
        RTMP_URL: `rtmp://127.0.0.1:${ports.RTMP_PORT}/live`,
      }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
