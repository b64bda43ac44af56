// One node without its stack: control in the test's own process beside a real nginx that nobody restarts.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStream } from '../control/support/api.ts'
import { startControl, type TestControl } from './control.ts'
import { Encoder, type EncoderOptions } from './encoder.ts'
import { TestNginx } from './nginx.ts'
import { freePorts } from './ports.ts'
import { until } from './until.ts'

export interface TestNodeOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Otherwise a folder of the node's own. */
  readonly hlsDir?: string
}

export class TestNode implements AsyncDisposable {
  readonly control: TestControl
  readonly nginx: TestNginx
  readonly hlsDir: string
  readonly rtmpUrl: string
  readonly nginxUrl: string
  readonly #owned: AsyncDisposableStack

  private constructor(control: TestControl, nginx: TestNginx, owned: AsyncDisposableStack) {
    this.control = control
    this.nginx = nginx
    this.hlsDir = control.hlsDir
    this.rtmpUrl = `rtmp://127.0.0.1:${nginx.env.RTMP_PORT}/live`
    this.nginxUrl = `http://127.0.0.1:${nginx.env.INTERNAL_HTTP_PORT}`
    this.#owned = owned
  }

  static async start({ env = {}, hlsDir }: TestNodeOptions = {}): Promise<TestNode> {
    await using stack = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'node-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const [http, rtmp, api, hooks, internalHttp, internalRtmp] = (await freePorts(6)).map(String)
    const settings = {
      ...{ HTTP_PORT: http, RTMP_PORT: rtmp, API_PORT: api, HOOKS_PORT: hooks },
      ...{ INTERNAL_HTTP_PORT: internalHttp, INTERNAL_RTMP_PORT: internalRtmp },
      HLS_DIR: hlsDir ?? join(folder, 'hls'),
      DASH_DIR: join(folder, 'dash'),
      DATA_DIR: join(folder, 'data'),
      ...env,
    } as Record<string, string>
    const nginx = stack.use(new TestNginx({ settings, env: { NGINX_RUN_DIR: join(folder, 'nginx') } }))
    await nginx.start()
    const control = stack.use(await startControl({ env: settings, hlsDir: String(settings.HLS_DIR) }))
    control.context.startRounds()
    return new TestNode(control, nginx, stack.move())
  }

  /** A live stream and its encoder. */
  async goLive(options?: EncoderOptions): Promise<{ id: string; encoder: Encoder; key: string }> {
    const { id, streamKey } = await createStream(this.control)
    const key = streamKey.value
    const encoder = this.publish(key, options)
    await this.reaches(id, 'live')
    return { id, encoder, key }
  }

  publish(key: string, options?: EncoderOptions): Encoder {
    return new Encoder(`${this.rtmpUrl}/${key}`, options)
  }

  /** Tries until it is let in and stays connected, as encoders with auto-reconnect do. */
  async publishAgain(key: string): Promise<Encoder> {
    return until('the publisher to be let back in', async () => {
      const encoder = this.publish(key)
      const isRefused = await encoder.exited(2_000).then(
        () => true,
        () => false,
      )
      return isRefused ? null : encoder
    })
  }

  async status(id: string): Promise<string | undefined> {
    return (await this.control.context.store.find(id))?.status
  }

  async reaches(id: string, status: string, timeoutMs?: number): Promise<void> {
    await until(`stream ${id} to be ${status}`, async () => (await this.status(id)) === status, timeoutMs)
  }

  /** The types of all events of a stream, without `stream.`. */
  async announced(id: string): Promise<string[]> {
    const rows = await this.control.database.query(
      'SELECT type FROM events WHERE stream_id = ? ORDER BY id',
      [id],
    )
    return rows.map((row) => String(row.type).replace('stream.', ''))
  }

  /** The stream's playlist; empty: there is none. */
  async playlist(id: string): Promise<string> {
    return readFile(join(this.hlsDir, id, 'index.m3u8'), 'utf8').catch(() => '')
  }

  /** Waits until the playlist lists another segment. */
  async playlistGrows(id: string): Promise<void> {
    const before = await this.playlist(id)
    await until('the playlist to grow', async () => (await this.playlist(id)).length > before.length)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }
}
