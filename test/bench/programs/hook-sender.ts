// Sends hooks as nginx-rtmp does: HTTP/1.0, a connection each, and one connection's end is its answer's.
import { connect } from 'node:net'
import { NGINX_INSTANCE } from '../control-process.ts'
import { monotonicMs } from '../statistics.ts'
import { serve } from './serve.ts'

export interface Hooks {
  readonly port: number
  readonly hook: 'on_publish' | 'on_publish_done'
  /** What was typed as the stream key, one a hook. */
  readonly names: readonly string[]
  readonly atOnce: number
  /** The client's number of the first; the others count on. */
  readonly firstClientId: number
  /** The status that each must be answered with. */
  readonly status: number
}

/** How long all of it took, and each, in milliseconds. */
export interface Answered {
  readonly totalMs: number
  readonly eachMs: readonly number[]
}

/** Field for field in nginx-rtmp's order. */
function requestOf({ hook }: Hooks, name: string, clientId: number): string {
  const call = hook.slice('on_'.length)
  const tcurl = 'rtmp%3A//127.0.0.1%3A1935/live'
  const body = `app=live&flashver=FMLE/3.0%20(compatible%3B%20Lavf59.27.100)&swfurl=&tcurl=${tcurl}&pageurl=&addr=127.0.0.1&clientid=${clientId}&call=${call}&name=${name}&type=live`
  return [
    `POST /hooks/nginx/${hook} HTTP/1.0`,
    'Host: 127.0.0.1',
    'Content-Type: application/x-www-form-urlencoded',
    'Connection: Close',
    `Content-Length: ${body.length}`,
    `X-OnAir-Nginx: ${NGINX_INSTANCE}`,
    '',
    body,
  ].join('\r\n')
}

function sendOne(port: number, request: string, status: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const start = monotonicMs()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(request))
  let answer = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text
  })
  socket.on('end', () => {
    if (answer.startsWith(`HTTP/1.1 ${status} `)) resolve(monotonicMs() - start)
    else reject(new Error(`not ${status}: ${answer.slice(0, 200)}`))
  })
  socket.on('error', reject)
  return promise
}

const calls = {
  async send(hooks: Hooks): Promise<Answered> {
    const eachMs: number[] = []
    let next = 0
    const start = monotonicMs()
    const lane = async () => {
      for (let index = next++; index < hooks.names.length; index = next++) {
        const request = requestOf(hooks, hooks.names[index] ?? '', hooks.firstClientId + index)
        eachMs.push(await sendOne(hooks.port, request, hooks.status))
      }
    }
    await Promise.all(Array.from({ length: hooks.atOnce }, lane))
    return { totalMs: monotonicMs() - start, eachMs }
  },
}

export type HookSender = typeof calls
serve(calls)
