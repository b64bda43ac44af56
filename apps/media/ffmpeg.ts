// Runs ffmpeg and ffprobe: in the strongest sandbox that works here, with the lowest priority, and with limits on
// memory, time and output that the kernel or this process enforces.
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { type Access, limitsOnly, NO_FILES, SANDBOXES, type Sandbox } from './sandbox.ts'

/** Far more than a JPEG takes. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
/** Of its error messages, which a damaged segment can repeat without end. */
const MAX_MESSAGE_CHARACTERS = 1_000
/** Joining segments takes a small part of it. */
const USUAL_MEMORY_BYTES = 512 * 1024 * 1024
const TRIAL_MS = 5_000

export interface RunOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** What it may read and write; by default no file. */
  readonly access?: Access
  /** What it reads from its standard input. */
  readonly input?: Buffer
  /** What it may allocate; by default 512 MB. */
  readonly maxMemoryBytes?: number
}

export class Ffmpeg {
  readonly #searchPath: string
  #sandbox: Sandbox = limitsOnly

  /** @param searchPath PATH, where ffmpeg is found; no other variable reaches it */
  constructor(searchPath: string) {
    this.#searchPath = searchPath
  }

  /** Chooses the sandbox. @returns its name, and why the stronger ones do not work here */
  async start(): Promise<{ protection: string; without: string[] }> {
    const without: string[] = []
    for (const sandbox of SANDBOXES) {
      const problem = await this.use(sandbox)
      if (problem === null) break
      without.push(`${sandbox.name.split(':')[0]}: ${problem}`)
    }
    return { protection: this.#sandbox.name, without }
  }

  /** Uses a sandbox from now on. @returns why it does not work here; null: it does */
  async use(sandbox: Sandbox): Promise<string | null> {
    this.#sandbox = sandbox
    const signal = AbortSignal.timeout(TRIAL_MS)
    return this.run('ffmpeg', ['-version'], { signal, timeoutMs: TRIAL_MS }).then(
      () => null,
      (error: Error) => error.message,
    )
  }

  /**
   * @param args follow the options that every run has
   * @returns its standard output
   * @throws with the program's error message when it fails, is not installed, or exceeds a limit
   */
  async run(program: 'ffmpeg' | 'ffprobe', args: readonly string[], options: RunOptions): Promise<Buffer> {
    const { signal, timeoutMs, input, access = NO_FILES, maxMemoryBytes = USUAL_MEMORY_BYTES } = options
    signal.throwIfAborted()
    const limits = ['prlimit', `--data=${maxMemoryBytes}`, `--cpu=${Math.ceil(timeoutMs / 1000)}`, '--core=0']
    const protocols = input === undefined ? 'file,pipe' : 'pipe'
    const common = ['-hide_banner', '-loglevel', 'error', '-protocol_whitelist', protocols]
    const stdin = program === 'ffmpeg' && input === undefined ? ['-nostdin'] : []
    const wrapped = this.#sandbox.wrap([program, ...common, ...stdin, ...args], access)
    const [command = '', ...rest] = [...limits, 'nice', '-n', '19', ...wrapped]
    const child = spawn(command, rest, {
      ...{ signal, timeout: timeoutMs, killSignal: 'SIGKILL' as const },
      env: { PATH: this.#searchPath, LC_ALL: 'C' },
    })
    // It may end before it has read everything.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const ended = new Promise<string | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, killedBy) =>
        resolve(code === 0 ? null : killedBy === null ? `exit code ${code}` : `killed (${killedBy})`),
      )
    })
    const output = collect(child.stdout, () => child.kill('SIGKILL'))
    const message = beginningOf(child.stderr)
    const failure = await ended
    if (failure !== null) throw new Error(`${program}: ${message() || failure}`)
    return output()
  }
}

/** Collects up to MAX_OUTPUT_BYTES; `onTooMuch` is called for more. */
function collect(stream: Readable, onTooMuch: () => void): () => Buffer {
  const parts: Buffer[] = []
  let length = 0
  stream.on('data', (part: Buffer) => {
    length += part.length
    if (length > MAX_OUTPUT_BYTES) onTooMuch()
    else parts.push(part)
  })
  return () => Buffer.concat(parts)
}

/** Reads everything, so that the program never waits for its reader, and keeps the beginning. */
function beginningOf(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (part: string) => {
    if (text.length < MAX_MESSAGE_CHARACTERS) text += part
  })
  return () => text.slice(0, MAX_MESSAGE_CHARACTERS).trim()
}
