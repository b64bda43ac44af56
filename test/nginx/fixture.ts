// What each file of the nginx tests starts with: nginx in front of a fake control, in a folder with a small
// page, and plain HTTP requests to it.
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { type IncomingMessage, type OutgoingHttpHeaders, type RequestOptions, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Encoder } from '../support/encoder.ts'
import { TestNginx } from '../support/nginx.ts'
import { freePortSettings } from '../support/ports.ts'
import type { FakeControl } from './fake-control.ts'

/** The id of the stream that `writeOldStream` writes. */
export const OLD = 'a0a0a0a0a0a0a0a0a0a0'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface FixtureOptions {
  /** Settings for start.sh, as they are: wrong values too. */
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number | undefined
  readonly script?: 'container.sh'
}

export class Fixture implements AsyncDisposable {
  readonly folder: string
  readonly hlsDir: string
  readonly dashDir: string
  readonly nginx: TestNginx

  private constructor(
    folder: string,
    settings: Record<string, string>,
    { env, uid, script }: FixtureOptions,
  ) {
    this.folder = folder
    this.hlsDir = join(folder, 'hls')
    this.dashDir = join(folder, 'dash')
    this.nginx = new TestNginx({
      settings: { ...settings, HLS_DIR: this.hlsDir, DASH_DIR: this.dashDir, DATA_DIR: folder },
      env: { WEB_ROOT: join(folder, 'web'), NGINX_RUN_DIR: join(folder, 'run'), ...env },
      ...{ uid, script },
    })
  }

  static async start(control: FakeControl, options: FixtureOptions = {}): Promise<Fixture> {
    const folder = await mkdtemp(join(tmpdir(), 'nginx-'))
    // nginx may run as another user.
    await chmod(folder, 0o777)
    const web = join(folder, 'web')
    await mkdir(join(web, 'assets'), { recursive: true })
    await writeFile(join(web, 'index.html'), '<!doctype html><title>OnAir</title>')
    await writeFile(join(web, '.env'), 'SECRET=1')
    await writeFile(join(web, 'assets/app-Ab3_d6Gh.js'), 'x'.repeat(1000))
    await writeFile(join(web, 'assets/icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
    const settings = { ...(await freePortSettings()), ...control.settings }
    const fixture = new Fixture(folder, settings, options)
    try {
      await fixture.nginx.start()
    } catch (error) {
      await fixture[Symbol.asyncDispose]()
      throw error
    }
    return fixture
  }

  /** A request to the public port. */
  get(path: string, headers: OutgoingHttpHeaders = {}, method = 'GET', body = ''): Promise<Answer> {
    return ask({ port: this.nginx.env.HTTP_PORT, path, headers, method }, body)
  }

  getIpv6(path: string): Promise<Answer> {
    return ask({ host: '::1', port: this.nginx.env.HTTP_PORT, path })
  }

  /** A request to the internal port. */
  internal(path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return ask({ port: this.nginx.env.INTERNAL_HTTP_PORT, path, headers })
  }

  /** nginx-rtmp's state, as XML. */
  async stat(): Promise<string> {
    return (await this.internal('/stat')).body.toString()
  }

  /** Where the public RTMP server takes a publisher, or serves one to a player. */
  rtmpUrl(name: string, application = 'live'): string {
    return `rtmp://127.0.0.1:${this.nginx.env.RTMP_PORT}/${application}/${name}`
  }

  /** The same of the internal RTMP server. */
  internalRtmpUrl(name: string, application: string): string {
    return `rtmp://127.0.0.1:${this.nginx.env.INTERNAL_RTMP_PORT}/${application}/${name}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nginx[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Writes files of a stream that was live for an hour, so that most tests need no encoder. */
export async function writeOldStream({ folder, hlsDir, dashDir }: Fixture): Promise<void> {
  // Written elsewhere and then moved, because nginx removes empty folders from the HLS and DASH folders.
  const [hls, dash] = [join(folder, 'old-hls'), join(folder, 'old-dash')]
  await mkdir(hls)
  await mkdir(dash)
  const entries = Array.from({ length: 1200 }, (_, n) => `#EXTINF:3.000,\n${1700000000000 + n * 3000}.ts`)
  await writeFile(join(hls, 'index.m3u8'), `#EXTM3U\n${entries.join('\n')}\n`)
  await writeFile(join(hls, 'index.m3u8.bak'), '#EXTM3U\n')
  await writeFile(join(hls, '1700000000000.ts'), Buffer.alloc(1880, 0x47))
  await writeFile(join(hls, '.keep'), '')
  await writeFile(join(dash, 'index.mpd'), `<?xml version="1.0"?>\n${' '.repeat(500)}<MPD/>`)
  for (const name of ['init.m4v', '0.m4v', '0.m4a', 'raw.m4v']) await writeFile(join(dash, name), 'moof')
  await rename(hls, join(hlsDir, OLD))
  await rename(dash, join(dashDir, OLD))
}

/** Publishes five times faster than real time, so that the first playlist is there within a second. */
export function publish(url: string): Encoder {
  return new Encoder(url, { speed: 5 })
}

/** Not with fetch, which would resolve the dots in paths such as /../ before it sends them. */
async function ask(options: RequestOptions, body = ''): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', agent: false, ...options }).end(body)
  const [res] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: res.statusCode ?? 0, headers: res.headers, body: await buffer(res) }
}
