// A program of programs/ in a process of its own, so that what measures does not disturb what is measured.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Answer, Calls } from './programs/serve.ts'

export class Helper<P extends Calls> implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #waiting = new Map<
    number,
    { resolve: (result: unknown) => void; reject: (error: Error) => void }
  >()
  #calls = 0

  /** @param program a file of programs/, without its ending */
  constructor(program: string, nodeFlags: readonly string[] = []) {
    this.#process = fork(join(import.meta.dirname, 'programs', `${program}.ts`), {
      execArgv: [...nodeFlags],
      // Keeps dates and bytes what they are.
      serialization: 'advanced',
    })
    this.#process.on('message', ({ number, result, error }: Answer) => {
      const waiting = this.#waiting.get(number)
      this.#waiting.delete(number)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(`${program}: ${error}`))
    })
    this.#process.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${program} has ended (${code})`))
    })
  }

  get pid(): number {
    return this.#process.pid ?? -1
  }

  call<K extends keyof P & string>(
    name: K,
    ...[argument]: Parameters<P[K]>
  ): Promise<Awaited<ReturnType<P[K]>>> {
    const number = ++this.#calls
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.set(number, { resolve, reject })
    this.#process.send({ number, name, argument })
    return promise as Promise<Awaited<ReturnType<P[K]>>>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exit = once(this.#process, 'exit')
    this.#process.disconnect()
    await exit
  }
}
