// Runs ffmpeg and ffprobe: with a lower priority than live streams, with a time limit, and without access to the
// network.
import { execFile } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { promisify } from 'node:util'

/** Far more than a JPEG takes. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

export interface FfmpegOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/**
 * @param args follow the options that every run has
 * @returns its standard output
 * @throws with ffmpeg's error message when it fails, is not installed, or takes too long
 */
export function ffmpeg(args: readonly string[], options: FfmpegOptions): Promise<Buffer> {
  return run('ffmpeg', ['-nostdin', ...args], options)
}

/** Same as `ffmpeg`, for ffprobe. */
export function ffprobe(args: readonly string[], options: FfmpegOptions): Promise<Buffer> {
  return run('ffprobe', args, options)
}

async function run(
  program: string,
  args: readonly string[],
  { signal, timeoutMs }: FfmpegOptions,
): Promise<Buffer> {
  const running = promisify(execFile)(
    program,
    ['-hide_banner', '-loglevel', 'error', '-protocol_whitelist', 'file,pipe', ...args],
    { signal, timeout: timeoutMs, killSignal: 'SIGKILL', encoding: 'buffer', maxBuffer: MAX_OUTPUT_BYTES },
  )
  lowerPriority(running.child.pid)
  try {
    return (await running).stdout
  } catch (error) {
    const message = (error as { stderr?: Buffer }).stderr?.toString().trim()
    throw message ? new Error(`${program}: ${message.slice(0, 1_000)}`, { cause: error }) : error
  }
}

function lowerPriority(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // It has ended already.
  }
}
