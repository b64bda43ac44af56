// Media as it runs in production, in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { Outage } from '../../apps/control/common/outage.ts'
import { MediaClient } from '../../apps/control/media/media-client.ts'
import { until } from './until.ts'

const MAIN = join(import.meta.dirname, '../../apps/media/main.ts')

export interface MediaProcessOptions {
  readonly socket: string
  readonly hlsDir: string
  readonly recordingsDir: string
  readonly env?: Readonly<Record<string, string>>
}

export class MediaProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  #output = ''

  private constructor({ socket, hlsDir, recordingsDir, env }: MediaProcessOptions) {
    this.#child = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env.PATH,
        ...{ MEDIA_SOCKET: socket, HLS_DIR: hlsDir, RECORDINGS_DIR: recordingsDir, LOG_LEVEL: 'debug' },
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
    })
  }

  /** Resolves once it listens. */
  static async start(options: MediaProcessOptions): Promise<MediaProcess> {
    const media = new MediaProcess(options)
    const client = mediaClient(options)
    await until('media to answer', async () => {
      if (media.#child.exitCode !== null) throw new Error('media has ended')
      return existsSync(options.socket) && (await client.job('none').catch(() => undefined)) === null
    })
    return media
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What it has logged. */
  get output(): string {
    return this.#output
  }

  /** Ends it with SIGKILL, which leaves it no time for anything. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill(signal)
    await once(this.#child, 'exit')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill('SIGTERM')
  }
}

export function mediaClient({ socket, hlsDir, recordingsDir }: MediaProcessOptions): MediaClient {
  const outage = new Outage({ what: 'media', logger: pino({ level: 'silent' }) })
  return new MediaClient({ socket, hlsDir, recordingsDir, outage })
}
