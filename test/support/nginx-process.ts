// One process of nginx/start.sh or nginx/container.sh, with what it writes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { withParentDeathSignal } from '../../apps/stack/supervision/parent-death-signal.ts'
import { signalGroup } from '../../apps/stack/supervision/process-group.ts'

const SCRIPTS = join(import.meta.dirname, '../../nginx')

export interface Ending {
  readonly code: number | null
  readonly signal: string | null
}

export interface NginxProcessOptions {
  /** A script in nginx/ and its arguments. */
  readonly command: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  /** The user (and group) to run as; otherwise the test's own. */
  readonly uid: number | undefined
  readonly onText: (text: string) => void
}

export class NginxProcess {
  readonly #process: ChildProcess

  constructor({ command: [script, ...args], env, uid, onText }: NginxProcessOptions) {
    const [program, ...rest] = withParentDeathSignal(join(SCRIPTS, script), ...args)
    this.#process = spawn(program, rest, {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      // A process group of its own, so that what outlives the master can be killed at the end.
      detached: true,
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    this.#process.stderr?.setEncoding('utf8').on('data', onText)
  }

  /** The master process's id: start.sh becomes nginx. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  async stop(signal: NodeJS.Signals): Promise<Ending> {
    const child = this.#process
    if (!this.hasEnded) {
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
    }
    return { code: child.exitCode, signal: child.signalCode }
  }

  killGroup(): void {
    if (this.#process.pid !== undefined) signalGroup(this.#process.pid, 'SIGKILL')
  }
}
