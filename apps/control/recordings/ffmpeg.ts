// Runs ffmpeg and ffprobe: with lower priority than whatever is live, never for longer than it is given, and
// reading nothing but files.
import { execFile } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { promisify } from 'node:util'

/** Far more than a picture takes. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

export interface FfmpegOptions {
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

/**
 * @param args behind the general ones
 * @returns what it writes to its standard output
 * @throws with ffmpeg's own words when it fails, is not there, or takes too long
 */
export function ffmpeg(args: readonly string[], options: FfmpegOptions): Promise<Buffer> {
  return run('ffmpeg', ['-nostdin', ...args], options)
}

/** As `ffmpeg`. */
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
    const words = (error as { stderr?: Buffer }).stderr?.toString().trim()
    throw words ? new Error(`${program}: ${words.slice(0, 1_000)}`, { cause: error }) : error
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
