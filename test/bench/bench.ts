// What every measurement stands on: the run's database server, a folder, and what is to be cleaned up.
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createMigratedDatabase, type TestDatabase } from '../support/database.ts'
import { type ControlOptions, ControlProcess } from './control-process.ts'
import { Helper } from './helper.ts'
import type { Calls } from './programs/serve.ts'
import type { Scale } from './scale.ts'

export interface BenchOptions {
  readonly scale: Scale
  /** The database server, as a URL. */
  readonly server: string
  /** Where temporary folders are made. */
  readonly folder: string
  /** Where control's CPU profiles go; undefined: none are taken. */
  readonly profiles?: { readonly folder: string; readonly name: string } | undefined
  readonly say: (line: string) => void
}

/** One measurement's; disposing it takes everything away that was made through it. */
export class Bench implements AsyncDisposable {
  readonly scale: Scale
  readonly #options: BenchOptions
  readonly #stack = new AsyncDisposableStack()

  constructor(options: BenchOptions) {
    this.scale = options.scale
    this.#options = options
  }

  /** For a part of the measurement whose things are to go before the next one begins. */
  part(): Bench {
    return this.use(new Bench(this.#options))
  }

  /** Tells of something beside the figures, such as what the load itself took. */
  note(line: string): void {
    this.#options.say(`  ${line}`)
  }

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(this.#options.folder, 'bench-'))
    this.#stack.defer(() => rm(folder, { recursive: true, force: true }))
    return folder
  }

  /** A database with control's tables in it. */
  async database(): Promise<TestDatabase> {
    return this.use(await createMigratedDatabase(this.#options.server))
  }

  helper<P extends Calls>(program: string, nodeFlags?: readonly string[]): Helper<P> {
    return this.use(new Helper<P>(program, nodeFlags))
  }

  /** The caller may stop it earlier. */
  async control(options: ControlOptions): Promise<ControlProcess> {
    const control = await this.spawnControl(options)
    await control.ready()
    return control
  }

  /** As `control`, but resolves before it listens. */
  async spawnControl(options: ControlOptions): Promise<ControlProcess> {
    const nodeFlags = [...(options.nodeFlags ?? []), ...this.#profiling()]
    return this.use(await ControlProcess.spawn({ ...options, nodeFlags }))
  }

  use<T extends AsyncDisposable>(owned: T): T {
    return this.#stack.use(owned)
  }

  #profiling(): string[] {
    const { profiles } = this.#options
    if (profiles === undefined) return []
    const name = `${profiles.name}-${Date.now()}.cpuprofile`
    return ['--cpu-prof', `--cpu-prof-dir=${profiles.folder}`, `--cpu-prof-name=${name}`]
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}
