// ffmpeg in OBS's place: publishes a moving test picture with sound, as fast as it plays.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

/** What OBS sends when it is set as the studio says: H.264 and a keyframe every second. */
const H264 = [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-tune',
  'zerolatency',
  '-pix_fmt',
  'yuv420p',
  '-g',
  '15',
]
/** The picture's counter is of frames at this rate. */
export const FRAME_RATE = 15
export const PICTURE = `testsrc2=size=320x180:rate=${FRAME_RATE}`

export class Encoder implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>
  /** What ffmpeg has said; it names the URL, so it is not for printing. */
  errors = ''

  /**
   * @param url the ingest URL with the key
   * @param video ffmpeg's options for the video
   */
  constructor(url: string, video: readonly string[] = H264) {
    this.#process = spawn(
      'ffmpeg',
      [
        ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-re'],
        ...['-f', 'lavfi', '-i', PICTURE, '-f', 'lavfi', '-i', 'sine=frequency=440'],
        ...video,
        ...['-c:a', 'aac', '-f', 'flv', url],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    this.#exited = once(this.#process, 'exit')
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Resolves when it has stopped publishing by itself: refused, dropped, or failed. */
  async exited(timeoutMs = 20_000): Promise<void> {
    if (!this.running) return
    const { promise, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error(`ffmpeg still runs after ${timeoutMs} ms`)), timeoutMs)
    await Promise.race([this.#exited, promise]).finally(() => clearTimeout(timer))
  }

  /** Says good-bye as OBS's stop button does. */
  async stop(): Promise<void> {
    if (this.running) this.#process.kill('SIGINT')
    await this.#exited
  }

  /** Freezes it: the connection stays open and nothing comes any more. */
  freeze(): void {
    this.#process.kill('SIGSTOP')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) this.#process.kill('SIGKILL')
    await this.#exited
  }
}

interface Probe {
  readonly streams: readonly {
    readonly codec_name: string
    readonly codec_type: string
    readonly width?: number
  }[]
}

/** What ffprobe finds at a URL or in a file. */
export async function probe(url: string): Promise<Probe> {
  const args = ['-v', 'error', '-show_streams', '-of', 'json', url]
  const { stdout } = await promisify(execFile)('ffprobe', args, { timeout: 30_000 })
  return JSON.parse(stdout) as Probe
}
