// Control as it runs in production: `node apps/control/main.ts` in a process of its own, on free ports unless the
// settings say which.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withParentDeathSignal } from '../../apps/stack/supervision/parent-death-signal.ts'
import { freePorts } from '../support/ports.ts'
import type { IssuedAnswer } from '../support/stack.ts'
import { until } from '../support/until.ts'

const MAIN = join(import.meta.dirname, '../../apps/control/main.ts')
const READY_MS = 60_000

/** The operator of every control of the bench. */
const TOKEN = 'the-token-of-the-benchmarks'
/** What nodes are called; rows that the bench writes belong to it. */
export const NODE_ID = 'bench'
/** Which nginx the bench's hooks and its /stat say they come from. */
export const NGINX_INSTANCE = '1-100'

export interface ControlOptions {
  readonly databaseUrl: string
  /** Of its own; holds its log. */
  readonly folder: string
  readonly hlsDir: string
  readonly nginxUrl: string
  readonly settings?: Readonly<Record<string, string>>
  readonly nodeFlags?: readonly string[]
}

export class ControlProcess implements AsyncDisposable {
  readonly apiPort: number
  readonly hooksPort: number
  readonly #process: ChildProcess
  readonly #logFile: string

  private constructor(options: ControlOptions, apiPort: number, hooksPort: number) {
    this.apiPort = apiPort
    this.hooksPort = hooksPort
    this.#logFile = join(options.folder, `control-${apiPort}.log`)
    const log = openSync(this.#logFile, 'a')
    const [program, ...args] = withParentDeathSignal(process.execPath, ...(options.nodeFlags ?? []), MAIN)
    this.#process = spawn(program, args, {
      env: {
        ...process.env,
        DATABASE_URL: options.databaseUrl,
        HLS_DIR: options.hlsDir,
        NGINX_URL: options.nginxUrl,
        API_PORT: String(apiPort),
        HOOKS_PORT: String(hooksPort),
        CREATE_RATE_LIMIT: '0',
        // Whatever a measurement leaves reconnecting stays so to its end.
        RECONNECT_WINDOW: '3600',
        API_TOKENS: TOKEN,
        NODE_ID,
        ...options.settings,
      },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
  }

  /** Resolves as soon as the process exists, before it listens. */
  static async spawn(options: ControlOptions): Promise<ControlProcess> {
    const [api, hooks] = await freePorts(2)
    const { API_PORT = api, HOOKS_PORT = hooks } = options.settings ?? {}
    return new ControlProcess(options, Number(API_PORT), Number(HOOKS_PORT))
  }

  /** Resolves once it can do its work. */
  async ready(): Promise<void> {
    await until('control to be ready', () => this.#isReady(), READY_MS)
  }

  get pid(): number {
    return this.#process.pid ?? -1
  }

  async create(): Promise<IssuedAnswer> {
    const response = await this.#post(this.apiPort, '/v1/streams', '{}', {
      'content-type': 'application/json',
    })
    return (await response.json()) as IssuedAnswer
  }

  /** What on_publish does, as nginx's proxy sends it. */
  async publish(key: string, clientId: number): Promise<void> {
    const body = new URLSearchParams({ app: 'live', clientid: String(clientId), call: 'publish', name: key })
    const response = await this.#post(this.hooksPort, '/hooks/nginx/on_publish', String(body), {
      'content-type': 'application/x-www-form-urlencoded',
      'x-onair-nginx': NGINX_INSTANCE,
    })
    if (response.status !== 302) throw new Error(`on_publish was answered with ${response.status}`)
  }

  async end(id: string): Promise<void> {
    const headers = { authorization: `Bearer ${TOKEN}` }
    const response = await this.#post(this.apiPort, `/v1/streams/${id}/end`, undefined, headers)
    if (!response.ok) throw new Error(`end was answered with ${response.status}`)
    await response.body?.cancel()
  }

  #post(port: number, path: string, body: string | undefined, headers: Record<string, string>) {
    return fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers,
      ...(body === undefined ? {} : { body }),
    })
  }

  async #isReady(): Promise<boolean> {
    if (this.#hasEnded)
      throw new Error(`control has ended:\n${readFileSync(this.#logFile, 'utf8').slice(-2_000)}`)
    const response = await fetch(`http://127.0.0.1:${this.apiPort}/readyz`).catch(() => null)
    await response?.body?.cancel()
    return response?.ok ?? false
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  /** In order, so that a CPU profile gets written. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return
    const exit = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await exit
  }
}
