// Both nginx processes as nginx/start.sh starts them, or nginx/container.sh, without the rest of the stack.
import { readConfig } from '../../apps/control/config.ts'
import { settingsEnv } from '../../apps/stack/settings-env.ts'
import { readProcess } from '../../apps/stack/supervision/process-group.ts'
import { type Ending, NginxProcess } from './nginx-process.ts'
import { until } from './until.ts'

const READY_MS = 20_000

export interface NginxOptions {
  /** OnAir's settings, as in the environment; others get their defaults. RECORDINGS_DIR follows DATA_DIR. */
  readonly settings: Readonly<Record<string, string>>
  /** Variables that start.sh gets as they are, also in place of a setting: NGINX_RUN_DIR, wrong values. */
  readonly env?: Readonly<Record<string, string>>
  /** What to run instead of start.sh. */
  readonly script?: 'container.sh' | undefined
  /** The user (and group) to run as; otherwise the test's own. */
  readonly uid?: number | undefined
}

export class TestNginx implements AsyncDisposable {
  /** What start.sh gets. */
  readonly env: Readonly<Record<string, string>>
  /** All that the scripts and nginx have written to standard error. */
  log = ''
  readonly #script: 'container.sh' | undefined
  readonly #uid: number | undefined
  #running: NginxProcess[] = []
  readonly #all: NginxProcess[] = []

  constructor({ settings, env, uid, script }: NginxOptions) {
    this.env = { PATH: process.env.PATH ?? '', ...settingsEnv(readConfig(settings)), ...env }
    this.#script = script
    this.#uid = uid
  }

  /** The master process's id of the ingest nginx, or container.sh's. */
  get pid(): number | undefined {
    return this.#running[0]?.pid
  }

  /** The master process's id of the public nginx. */
  get publicPid(): number | undefined {
    return this.#running[1]?.pid
  }

  /** Starts those that do not run, and resolves once both answer. @throws when one of them ends instead, with what they said */
  async start(): Promise<this> {
    const commands: [string, ...string[]][] =
      this.#script === undefined
        ? [
            ['start.sh', 'ingest'],
            ['start.sh', 'public'],
          ]
        : [[this.#script]]
    this.#running = commands.map((command, index) => {
      const running = this.#running[index]
      return running === undefined || running.hasEnded ? this.#spawn(...command) : running
    })
    await until(
      'nginx to answer',
      async () => {
        if (this.#running.some((it) => it.hasEnded)) throw new Error(`start.sh gave up: ${this.log}`)
        return (await this.#ingestAnswers()) && (await this.#publicAnswers())
      },
      READY_MS,
    )
    return this
  }

  /** @returns how each process ended */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending[]> {
    return Promise.all(this.#running.map((it) => it.stop(signal)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    for (const one of this.#all) one.killGroup()
  }

  #spawn(...command: [string, ...string[]]): NginxProcess {
    const onText = (text: string) => {
      this.log += text
    }
    const started = new NginxProcess({ command, env: this.env, uid: this.#uid, onText })
    this.#all.push(started)
    return started
  }

  /** Whether a worker of this master answers, and not one that an earlier, killed master has left behind. */
  async #ingestAnswers(): Promise<boolean> {
    const answer = await ask(`http://127.0.0.1:${this.env.INTERNAL_HTTP_PORT}/stat`)
    const worker = Number(answer?.headers.get('x-onair-nginx')?.split('-').at(-1))
    const parent = readProcess(worker)?.parent
    if (this.#script === undefined) return parent === this.pid
    return parent !== undefined && readProcess(parent)?.parent === this.pid
  }

  async #publicAnswers(): Promise<boolean> {
    const host = this.env.HTTP_ADDRESS || '127.0.0.1'
    return (await ask(`http://${host}:${this.env.HTTP_PORT}/`)) !== undefined
  }
}

async function ask(url: string): Promise<Response | undefined> {
  const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(2_000) }).catch(
    () => undefined,
  )
  await answer?.body?.cancel()
  return answer
}
