// Stock nginx with nginx-rtmp in a process of its own: as nginx/start.sh starts it, or with a configuration
// of the bench's.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { withParentDeathSignal } from '../../apps/stack/supervision/parent-death-signal.ts'
import { until } from '../support/until.ts'

const START = join(import.meta.dirname, '../../nginx/start.sh')
const MODULE = '/usr/lib/nginx/modules/ngx_rtmp_module.so'
const READY_MS = 20_000

export class NginxProcess implements AsyncDisposable {
  readonly #process: ChildProcess

  private constructor(folder: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    const log = openSync(join(folder, 'nginx.log'), 'a')
    const [program, ...rest] = withParentDeathSignal(command, ...args)
    const path = `${process.env.PATH}:/usr/sbin:/sbin`
    this.#process = spawn(program, rest, { env: { ...env, PATH: path }, stdio: ['ignore', log, log] })
    closeSync(log)
  }

  /** OnAir's own. @param folder where its log goes. @param env the settings, RTMP_PORT among them */
  static async onair(folder: string, env: Readonly<Record<string, string>>): Promise<NginxProcess> {
    const nginx = new NginxProcess(folder, 'sh', [START], env)
    await listening(Number(env.RTMP_PORT))
    return nginx
  }

  /** One RTMP server. @param folder for its files. @param applications as nginx-rtmp's configuration says them */
  static async bare(folder: string, port: number, applications: string): Promise<NginxProcess> {
    const file = join(folder, 'nginx.conf')
    writeFileSync(
      file,
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
    const args = ['-p', folder, '-c', file, '-e', 'stderr', '-g', 'daemon off;']
    const nginx = new NginxProcess(folder, 'nginx', args, {})
    await listening(port)
    return nginx
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
