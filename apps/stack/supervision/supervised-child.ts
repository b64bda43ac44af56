// One child process that is kept running: started again with back-off when it dies, stopped for good
// when asked to. It leads a session of its own, so a Ctrl-C in the terminal reaches the stack alone.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { withParentDeathSignal } from './parent-death-signal.ts'
import { removePidFile, writePidFile } from './pid-file.ts'
import { groupIsGone, signalGroup } from './process-group.ts'

export interface ChildOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Each line the child says, without its end. */
  readonly onLine: (line: string, from: 'stdout' | 'stderr') => void
  /** One line for people about a death and what follows. */
  readonly say: (line: string) => void
  /** Where the pid is written down; without it, nothing is. */
  readonly pidFolder?: string | undefined
  /** Once aborted, stopping waits for nobody: what has not gone is killed. */
  readonly hurry?: AbortSignal | undefined
}

const BACK_OFF_FIRST_MS = 100
const BACK_OFF_MOST_MS = 5000
/** A child that ran this long is well again: its next death starts with the shortest wait. */
const WELL_AFTER_MS = 10_000

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

  /** How often it had to be started again. */
  get restarts(): number {
    return this.#restarts
  }

  start(): this {
    this.#loop ??= this.#keepRunning()
    return this
  }

  /** SIGTERM, and SIGKILL for what is left of its session after the grace; safe to call twice. */
  async stop(graceMs: number): Promise<void> {
    const { name, say, hurry } = this.#options
    this.#stopping.abort()
    const group = this.#process?.pid
    // The whole session counts: nginx's worker may outlive its master.
    if (group !== undefined && signalGroup(group, 'SIGTERM') && !(await groupIsGone(group, graceMs, hurry))) {
      say(hurry?.aborted ? `${name} killed` : `${name} did not stop in ${graceMs / 1000} s: killed`)
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
      if (performance.now() - startedAt > WELL_AFTER_MS) backOffMs = BACK_OFF_FIRST_MS
      say(`${name} ${ending}; starting it again in ${backOffMs} ms`)
      await delay(backOffMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      backOffMs = Math.min(backOffMs * 2, BACK_OFF_MOST_MS)
      this.#restarts += 1
    }
  }

  /** Resolves, in words, once the child and everything it started are gone. */
  async #runOnce(): Promise<string> {
    const { name, command, args, env, pidFolder } = this.#options
    const [program, ...programArgs] = withParentDeathSignal(command, ...args)
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
    // A killed nginx master leaves a worker that holds the ports.
    if (!this.#stopping.signal.aborted && signalGroup(group, 'SIGKILL')) await groupIsGone(group, 2000)
    return ending
  }

  #listen(stream: Readable, from: 'stdout' | 'stderr'): void {
    createInterface({ input: stream }).on('line', (line) => this.#options.onLine(line, from))
  }
}
