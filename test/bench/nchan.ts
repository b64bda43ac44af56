// nchan, a hub in C that runs in nginx: what one would use for Server-Sent Events instead of control. The module is
// taken from the system or, without installing it, from Debian's package.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts } from '../support/ports.ts'
import { until } from '../support/until.ts'
import { BareNginx } from './bare-nginx.ts'
import type { Bench } from './bench.ts'

const run = promisify(execFile)
const MODULE = 'usr/lib/nginx/modules/ngx_nchan_module.so'
const PACKAGE = 'libnginx-mod-nchan'
const DOWNLOAD_MS = 60_000

export interface Nchan {
  readonly pid: number
  readonly port: number
  /** Sends one event to all readers of /v1/events. */
  readonly publish: (type: string, data: string) => Promise<void>
}

/** @returns null, with a note why, where nchan is not to be had */
export async function startNchan(bench: Bench, connections: number): Promise<Nchan | null> {
  const folder = await bench.folder()
  try {
    const module = await findModule(folder)
    const [port = 0] = await freePorts(1)
    const nginx = bench.use(
      await BareNginx.run(folder, port, configuration(module, folder, port, connections)),
    )
    return { pid: await workerOf(nginx), port, publish: (type, data) => publish(port, type, data) }
  } catch (error) {
    bench.note(`nchan is left out: ${PACKAGE} is not here (${String(error).split('\n')[0]})`)
    return null
  }
}

/** nginx listens before it has started its worker. */
function workerOf({ pid }: BareNginx): Promise<number> {
  return until('nginx to start its worker', () => {
    const [worker] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    return Number(worker) || null
  })
}

async function findModule(folder: string): Promise<string> {
  if (existsSync(`/${MODULE}`)) return `/${MODULE}`
  await run('apt-get', ['download', PACKAGE], { cwd: folder, timeout: DOWNLOAD_MS })
  await run('sh', ['-c', `dpkg-deb -x ${PACKAGE}_*.deb .`], { cwd: folder })
  return join(folder, MODULE)
}

/** One worker, whose CPU time is nginx's. */
function configuration(module: string, folder: string, port: number, connections: number): string {
  return `load_module "${module}";
pid "${folder}/nginx.pid";
error_log stderr error;
worker_processes 1;
worker_rlimit_nofile ${connections + 100};
events { worker_connections ${connections + 50}; }
http {
  access_log off;
  client_body_temp_path "${folder}/body";
  proxy_temp_path "${folder}/proxy";
  fastcgi_temp_path "${folder}/fastcgi";
  uwsgi_temp_path "${folder}/uwsgi";
  scgi_temp_path "${folder}/scgi";
  nchan_shared_memory_size 256M;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /v1/events { nchan_subscriber eventsource; nchan_channel_id events; nchan_subscriber_first_message newest; }
    location = /publish { nchan_publisher; nchan_channel_id events; nchan_message_buffer_length 10; }
  }
}
`
}

async function publish(port: number, type: string, data: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/publish`, {
    method: 'POST',
    headers: { 'x-eventsource-event': type },
    body: data,
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`nchan answered with ${response.status}`)
}
