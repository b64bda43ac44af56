// Runs ffmpeg and ffprobe: with the lowest priority, without access to the network, and with limits on memory, time
// and output that the kernel or this process enforces.
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

/** Far more than a JPEG takes. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
/** Of its error messages, which a damaged segment can repeat without end. */
const MAX_MESSAGE_CHARACTERS = 1_000
const MEGABYTE = 1024 * 1024
/** To join segments takes a small part of it. */
const USUAL_MEMORY_BYTES = 512 * MEGABYTE

export interface FfmpegOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

export interface RunOptions extends FfmpegOptions {
  /** What it reads from its standard input. */
  readonly input?: Buffer
  /** What it may allocate; by default 512 MB. */
  readonly maxMemoryBytes?: number
}

/**
 * @param args follow the options that every run has
 * @returns its standard output
 * @throws with ffmpeg's error message when it fails, is not installed, or exceeds a limit
 */
export function ffmpeg(args: readonly string[], options: RunOptions): Promise<Buffer> {
  const stdin = options.input === undefined ? ['-nostdin'] : []
  return run('ffmpeg', [...stdin, ...args], options)
}

/** Same as `ffmpeg`, for ffprobe. */
export function ffprobe(args: readonly string[], options: RunOptions): Promise<Buffer> {
  return run('ffprobe', args, options)
}

async function run(
  program: string,
  args: readonly string[],
  { signal, timeoutMs, input, maxMemoryBytes = USUAL_MEMORY_BYTES }: RunOptions,
): Promise<Buffer> {
  // With several threads it may use more CPU time than wall time, but not more than this.
  const cpuS = Math.ceil(timeoutMs / 1000)
  const limits = [`--data=${maxMemoryBytes}`, `--cpu=${cpuS}`, '--core=0', 'nice', '-n', '19']
  const common = ['-hide_banner', '-loglevel', 'error', '-protocol_whitelist', 'file,pipe']
  const child = spawn('prlimit', [...limits, program, ...common, ...args], {
    signal,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
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
