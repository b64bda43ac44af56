// The process of `npm start` with its embedded MariaDB, nginx and control, on free ports and in a temporary
// folder. Unlike TestStack it need not become ready: tests start it twice, stop it early and kill its parts.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { withParentDeathSignal } from '../../apps/stack/supervision/parent-death-signal.ts'
import { endProcessesOf } from '../support/leftovers.ts'
import { freePortSettings } from '../support/ports.ts'
import { until } from '../support/until.ts'

const MAIN = resolve(import.meta.dirname, '../../apps/stack/main.ts')
const READY_MS = 40_000

/** The stack's children, by the names that it prints. */
export const CHILDREN = ['control', 'ingest-nginx', 'public-nginx', 'MariaDB'] as const
export type ChildName = (typeof CHILDREN)[number]

export type Settings = Record<string, string>

/** A new folder, and settings for a stack in it. Disposing ends its processes and removes the folder. */
export async function stackFolder(): Promise<AsyncDisposable & { folder: string; settings: Settings }> {
  const folder = mkdtempSync(join(tmpdir(), 'stack-'))
  // Started by root, the stack runs as another user.
  chmodSync(folder, 0o755)
  const settings = {
    ...(await freePortSettings()),
    ...{ DATA_DIR: join(folder, 'data'), HLS_DIR: join(folder, 'hls'), DASH_DIR: join(folder, 'dash') },
    DATABASE_URL: '',
    PUBLIC_URL: '',
    RTMP_URL: '',
  }
  return {
    folder,
    settings,
    async [Symbol.asyncDispose]() {
      await endProcessesOf(folder)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export class StackProcess {
  readonly process: ChildProcess
  readonly #settings: Settings
  #output = ''

  /** @param options of npm start */
  constructor(settings: Settings, options: readonly string[] = []) {
    this.#settings = settings
    // A process group of its own, as a terminal gives it, so that pressCtrlC reaches all of it.
    const [program, ...args] = withParentDeathSignal(process.execPath, MAIN, ...options)
    this.process = spawn(program, args, {
      env: { ...process.env, ...settings },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const pipe of [this.process.stdout, this.process.stderr]) {
      pipe?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    }
  }

  get output(): string {
    return this.#output
  }

  async ready(): Promise<this> {
    await until('the stack to be ready', () => this.#hasEnded() || this.says('OnAir is ready'), READY_MS)
    if (this.#hasEnded()) throw new Error(`the stack has ended:\n${this.output}`)
    return this
  }

  says(text: string): boolean {
    return this.#output.includes(text)
  }

  /** Resolves with the exit code, null after a kill. */
  async exit(): Promise<number | null> {
    if (!this.#hasEnded()) await once(this.process, 'exit')
    return this.process.exitCode
  }

  /** Sends SIGINT to the whole process group, as a terminal does. */
  pressCtrlC(): void {
    process.kill(-(this.process.pid ?? 0), 'SIGINT')
  }

  /** A child's process id, from the file that the stack writes. */
  childPid(name: ChildName): number {
    const file = join(String(this.#settings.DATA_DIR), 'run', `${name}.child.json`)
    return JSON.parse(readFileSync(file, 'utf8')).pid
  }

  async isReadyForAll(): Promise<boolean> {
    const url = `http://127.0.0.1:${this.#settings.HTTP_PORT}/readyz`
    return await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      (answer) => answer.ok,
      () => false,
    )
  }

  #hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }
}
