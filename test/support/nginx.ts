// nginx as nginx/start.sh starts it, without the rest of the stack.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { readConfig } from '../../apps/control/config.ts'
import { settingsEnv } from '../../apps/stack/settings-env.ts'
import { withParentDeathSignal } from '../../apps/stack/supervision/parent-death-signal.ts'
import { readProcess, signalGroup } from '../../apps/stack/supervision/process-group.ts'
import { until } from './until.ts'

const SCRIPTS = join(import.meta.dirname, '../../nginx')
const READY_MS = 20_000

export interface NginxOptions {
  /** OnAir's settings, as in the environment; others get their defaults. RECORDINGS_DIR follows DATA_DIR. */
  readonly settings: Readonly<Record<string, string>>
  /** Variables that start.sh gets as they are, also in place of a setting: NGINX_RUN_DIR, wrong values. */
  readonly env?: Readonly<Record<string, string>>
  /** What to run instead of start.sh: another script in nginx/. */
  readonly script?: 'start.sh' | 'container.sh' | undefined
  /** The user (and group) to run as; otherwise the test's own. */
  readonly uid?: number | undefined
}

export class TestNginx implements AsyncDisposable {
  /** What start.sh gets. */
  readonly env: Readonly<Record<string, string>>
  /** All that start.sh and nginx have written to standard error. */
  log = ''
  readonly #script: string
  readonly #uid: number | undefined
  #process: ChildProcess | undefined
  readonly #groups: number[] = []

  constructor({ settings, env, uid, script = 'start.sh' }: NginxOptions) {
    this.env = { PATH: process.env.PATH ?? '', ...settingsEnv(readConfig(settings)), ...env }
    this.#script = join(SCRIPTS, script)
    this.#uid = uid
  }

  /** The master process's id: start.sh becomes nginx. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Resolves once it answers. @throws when start.sh or nginx ends instead, with what they said */
  async start(): Promise<this> {
    const [program, ...args] = withParentDeathSignal(this.#script)
    const child = spawn(program, args, {
      env: this.env,
      stdio: ['ignore', 'ignore', 'pipe'],
      // A process group of its own, so that what outlives the master can be killed at the end.
      detached: true,
      ...(this.#uid === undefined ? {} : { uid: this.#uid, gid: this.#uid }),
    })
    this.#process = child
    if (child.pid !== undefined) this.#groups.push(child.pid)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log += text
    })
    await until(
      'nginx to answer',
      () => {
        if (child.exitCode !== null) throw new Error(`start.sh gave up: ${this.log}`)
        return this.#answers()
      },
      READY_MS,
    )
    return this
  }

  /** @returns how nginx ended */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; signal: string | null }> {
    const child = this.#process
    if (child === undefined) return { code: null, signal: null }
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
    }
    return { code: child.exitCode, signal: child.signalCode }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    for (const group of this.#groups) signalGroup(group, 'SIGKILL')
  }

  /** Whether a worker of this master answers, and not one that an earlier, killed master has left behind. */
  async #answers(): Promise<boolean> {
    const url = `http://127.0.0.1:${this.env.INTERNAL_HTTP_PORT}/stat`
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
    await answer?.body?.cancel()
    const worker = Number(answer?.headers.get('x-onair-nginx')?.split('-').at(-1))
    return readProcess(worker)?.parent === this.pid
  }
}
