// ffmpeg as the encoder: publishes a moving test picture with sound, as OBS would.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

/** H.264 with a keyframe every second. */
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
/** The picture shows its frame's number; this many frames make a second. */
export const FRAME_RATE = 15
export const PICTURE = `testsrc2=size=320x180:rate=${FRAME_RATE}`

export interface EncoderOptions {
  readonly video?: readonly string[]
  readonly speed?: number
}

export class Encoder implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #exited: Promise<number | null>
  /** What ffmpeg has written to standard error. It contains the stream key: don't print it. */
  errors = ''

  /**
   * @param url the ingest URL with the stream key
   * @param options.video ffmpeg's options for the video codec
   * @param options.speed how many times faster than real time it sends
   */
  constructor(url: string, { video = H264, speed = 1 }: EncoderOptions = {}) {
    // ffmpeg 4 knows -re only. Faster than real time, each input needs the limit.
    const pace = speed === 1 ? ['-re'] : ['-readrate', String(speed)]
    const soundPace = speed === 1 ? [] : pace
    this.#process = spawn(
      'ffmpeg',
      [
        ...['-hide_banner', '-loglevel', 'error', '-nostdin'],
        ...[...pace, '-f', 'lavfi', '-i', PICTURE],
        ...[...soundPace, '-f', 'lavfi', '-i', 'sine=frequency=440'],
        ...video,
        ...['-c:a', 'aac', '-f', 'flv', url],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    this.#exited = once(this.#process, 'exit').then(([code]) => code as number | null)
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /**
   * Resolves when it has stopped publishing by itself: refused, dropped, or failed.
   * @returns ffmpeg's exit code, which is not 0 after a refusal; null when it was killed
   * @throws when it still publishes after `timeoutMs`
   */
  async exited(timeoutMs = 20_000): Promise<number | null> {
    if (!this.running) return this.#exited
    const { promise, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error(`ffmpeg still runs after ${timeoutMs} ms`)), timeoutMs)
    return Promise.race([this.#exited, promise]).finally(() => clearTimeout(timer))
  }

  /** Ends the publish in an orderly way, as OBS's stop button does. */
  async stop(): Promise<void> {
    if (this.running) this.#process.kill('SIGINT')
    await this.#exited
  }

  /** Freezes the process: the connection stays open, but nothing is sent any more. */
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
