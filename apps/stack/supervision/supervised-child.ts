// A child process that is kept running: it is restarted with back-off when it dies, until it is stopped.
// It leads a session of its own, so that Ctrl-C in the terminal reaches the stack only, not the child.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { withParentDeathSignal, withParentDeathSignalAndPorts } from './parent-death-signal.ts'
import { removePidFile, writePidFile } from './pid-file.ts'
import { groupIsGone, signalGroup } from './process-group.ts'

export interface ChildOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Gets each line of the child's output, without its line break. */
  readonly onLine: (line: string, from: 'stdout' | 'stderr') => void
  /** Gets a message for the log about each restart and kill. */
  readonly say: (line: string) => void
  /** The folder for its pid file; without it none is written. */
  readonly pidFolder?: string | undefined
  /** True: it keeps the stack's capability to listen on ports below 1024, if the stack has it. */
  readonly lowPorts?: boolean
  /** Once aborted, stopping kills the child at once. */
  readonly force?: AbortSignal | undefined
}

const BACK_OFF_FIRST_MS = 100
const BACK_OFF_MAX_MS = 5000
/** After a run of this length the back-off starts again from its first value. */
const STABLE_AFTER_MS = 10_000

export class SupervisedChild implements AsyncDisposable {
  readonly #options: ChildOptions
  readonly #stopping = new AbortController()
  #process: ChildProcess | undefined
  #loop: Promise<void> | undefined
  #restarts = 0

  constructor(options: ChildOptions) {
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** How often it has been restarted. */
  get restarts(): number {
    return this.#restarts
  }

  start(): this {
    this.#loop ??= this.#keepRunning()
    return this
  }

  /** Sends SIGTERM, and SIGKILL to what is left of its session after `graceMs`. Safe to call twice. */
  async stop(graceMs: number): Promise<void> {
    const { name, say, force } = this.#options
    this.#stopping.abort()
    const group = this.#process?.pid
    // Waits for the whole session: nginx's worker may outlive its master.
    if (group !== undefined && signalGroup(group, 'SIGTERM') && !(await groupIsGone(group, graceMs, force))) {
      say(force?.aborted ? `${name} killed` : `${name} did not stop in ${graceMs / 1000} s: killed`)
      signalGroup(group, 'SIGKILL')
    }
    await this.#loop
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop(5000)
  }

  async #keepRunning(): Promise<void> {
    const { name, say, pidFolder } = this.#options
    let backOffMs = BACK_OFF_FIRST_MS
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now()
      const ending = await this.#runOnce()
      if (pidFolder !== undefined) removePidFile(pidFolder, name)
      if (this.#stopping.signal.aborted) return
      if (performance.now() - startedAt > STABLE_AFTER_MS) backOffMs = BACK_OFF_FIRST_MS
      say(`${name} ${ending}; starting it again in ${backOffMs} ms`)
      await delay(backOffMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      backOffMs = Math.min(backOffMs * 2, BACK_OFF_MAX_MS)
      this.#restarts += 1
    }
  }

  /** Resolves once the child and everything it has started are gone. @returns how it ended, in words */
  async #runOnce(): Promise<string> {
    const { name, command, args, env, pidFolder, lowPorts } = this.#options
    const wrap = lowPorts ? withParentDeathSignalAndPorts : withParentDeathSignal
    const [program, ...programArgs] = wrap(command, ...args)
    const child = spawn(program, programArgs, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    this.#listen(child.stdout, 'stdout')
    this.#listen(child.stderr, 'stderr')
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`could not be started (${error.message})`))
      child.once('exit', (code, signal) => resolve(signal ? `was killed (${signal})` : `exited (${code})`))
    })
    const group = child.pid
    if (group === undefined) return await ended
    if (pidFolder !== undefined) writePidFile(pidFolder, name, group)
    const ending = await ended
    this.#process = undefined
    // When nginx's master is killed, its worker keeps running and holds the ports.
    if (!this.#stopping.signal.aborted && signalGroup(group, 'SIGKILL')) await groupIsGone(group, 2000)
    return ending
  }

  #listen(stream: Readable, from: 'stdout' | 'stderr'): void {
    createInterface({ input: stream }).on('line', (line) => this.#options.onLine(line, from))
  }
}
