// Control in a process of its own, without nginx and without the stack.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestDatabase } from '../../support/database.ts'
import { freePortSettings } from '../../support/ports.ts'
import { until } from '../../support/until.ts'

const MAIN = join(import.meta.dirname, '../../../apps/control/main.ts')
const SET_CLOCK = join(import.meta.dirname, 'set-clock.ts')
/** On a busy machine Node takes seconds to read all modules. */
const START_MS = 40_000

export class ControlProcess implements AsyncDisposable {
  readonly apiUrl: string
  readonly hooksUrl: string
  readonly process: ChildProcess
  /** What it has written to stdout (its log) and to stderr. */
  log = ''
  errors = ''
  readonly #folder: string

  private constructor(folder: string, env: Record<string, string>) {
    this.#folder = folder
    this.apiUrl = `http://127.0.0.1:${env.API_PORT}`
    this.hooksUrl = `http://127.0.0.1:${env.HOOKS_PORT}`
    this.process = spawn(process.execPath, ['--import', SET_CLOCK, MAIN], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.log += text
    })
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
  }

  /** @param settings as in the environment; those of set-clock.ts count, too */
  static async start(database: TestDatabase, settings: Record<string, string>): Promise<ControlProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'control-process-'))
    const control = new ControlProcess(folder, {
      ...(await freePortSettings()),
      DATABASE_URL: database.url.reveal(),
      DATA_DIR: join(folder, 'data'),
      HLS_DIR: join(folder, 'hls'),
      ...settings,
    })
    const health = () => fetch(`${control.apiUrl}/healthz`).then(({ ok }) => ok)
    await until('control to be up', () => health().catch(() => false), START_MS)
    return control
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const ended = once(this.process, 'exit')
      this.process.kill('SIGTERM')
      await ended
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}
