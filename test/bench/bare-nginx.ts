// Stock nginx with a configuration of the bench's, to compare OnAir with.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { withParentDeathSignal } from '../../apps/stack/supervision/parent-death-signal.ts'
import { until } from '../support/until.ts'

const MODULE = '/usr/lib/nginx/modules/ngx_rtmp_module.so'
const READY_MS = 20_000

export class BareNginx implements AsyncDisposable {
  readonly #process: ChildProcess

  private constructor(folder: string, configuration: string) {
    const log = openSync(join(folder, 'nginx.log'), 'a')
    const args = ['-p', folder, '-c', configuration, '-e', 'stderr', '-g', 'daemon off;']
    const [program, ...rest] = withParentDeathSignal('nginx', ...args)
    // Debian installs nginx in a folder that is only in root's PATH.
    const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
    this.#process = spawn(program, rest, { env, stdio: ['ignore', log, log] })
    closeSync(log)
  }

  /**
   * One RTMP server on loopback. Resolves once it listens.
   * @param folder for its files
   * @param applications the `application` blocks of nginx-rtmp's configuration
   */
  static async start(folder: string, port: number, applications: string): Promise<BareNginx> {
    return BareNginx.run(
      folder,
      port,
      `load_module "${MODULE}";
pid "${folder}/nginx.pid";
error_log stderr error;
worker_processes 1;
events { worker_connections 1024; }
rtmp {
  access_log off;
  chunk_size 4096;
  server {
    listen 127.0.0.1:${port};
    ${applications}
  }
}
`,
    )
  }

  /** Resolves once it listens. @param folder for its files. @param port one that it listens on */
  static async run(folder: string, port: number, configuration: string): Promise<BareNginx> {
    const file = join(folder, 'nginx.conf')
    writeFileSync(file, configuration)
    const nginx = new BareNginx(folder, file)
    await listening(port)
    return nginx
  }

  get pid(): number {
    return this.#process.pid ?? -1
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exit = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await exit
  }
}

function listening(port: number): Promise<unknown> {
  const look = async () => {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return true
    } catch {
      return false
    } finally {
      socket.destroy()
    }
  }
  return until(`nginx to listen on ${port}`, look, READY_MS)
}
