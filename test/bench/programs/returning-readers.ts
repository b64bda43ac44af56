// Readers of events that all come back at the same moment, as after a restart of the server, and note when each
// of them has everything it missed.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { monotonicMs } from '../statistics.ts'
import { serve } from './serve.ts'

/** How often a reader tries again that was refused, and how often the port is tried before it is open. */
const RETRY_MS = 5
const PATIENCE_MS = 90_000

export interface Storm {
  readonly port: number
  /** One for each reader. */
  readonly requests: readonly ReturningReader[]
}

export interface ReturningReader {
  readonly path: string
  /** The cursor it comes back with; null: none. */
  readonly lastEventId: number | null
  /** The event it waits for; null: the response's first bytes are enough. */
  readonly awaitedId: number | null
}

export interface StormTimes {
  /** When each reader was back, on the shared clock. */
  readonly backAt: readonly number[]
}

const sockets = new Set<Socket>()

async function open(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return socket
    } catch {
      socket.destroy()
      await delay(RETRY_MS)
    }
  }
}

/** @returns when it was back */
async function comeBack(port: number, reader: ReturningReader): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const { path, lastEventId, awaitedId } = reader
  const cursor = lastEventId === null ? '' : `Last-Event-ID: ${lastEventId}\r\n`
  const wanted = awaitedId === null ? '\r\n\r\n' : `\nid: ${awaitedId}\n`
  const socket = await open(port)
  sockets.add(socket)
  let tail = ''
  let isFirst = true
  socket.setEncoding('latin1').on('data', (text: string) => {
    if (isFirst && !text.startsWith('HTTP/1.1 200 ')) reject(new Error(`answered with ${text.slice(0, 200)}`))
    isFirst = false
    const seen = tail + text
    tail = seen.slice(-wanted.length)
    if (seen.includes(wanted)) resolve(monotonicMs())
  })
  socket.on('error', reject)
  socket.on('close', () => {
    sockets.delete(socket)
    reject(new Error(`${path} was closed`))
  })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n${cursor}\r\n`)
  return promise
}

const calls = {
  /** @returns when the port was open, on the shared clock */
  async portOpen(port: number): Promise<number> {
    const socket = await open(port)
    const at = monotonicMs()
    socket.destroy()
    return at
  },
  /** Lets all of them connect at once; resolves when all are back. */
  async storm({ port, requests }: Storm): Promise<StormTimes> {
    const backAt = Promise.all(requests.map((reader) => comeBack(port, reader)))
    const patience = AbortSignal.timeout(PATIENCE_MS)
    const late = once(patience, 'abort').then(() => {
      throw new Error(`not all readers were back after ${PATIENCE_MS} ms`)
    })
    return { backAt: await Promise.race([backAt, late]) }
  },
  leave(): void {
    for (const socket of sockets) socket.removeAllListeners('close').destroy()
    sockets.clear()
  },
}

export type ReturningReaders = typeof calls
serve(calls)
