// Readers of events that all come back at the same moment, as after a restart of the server, and note when each
// of them has everything it missed.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { monotonicMs } from '../statistics.ts'
import { serve } from './serve.ts'

/** How often a port is tried that is not open yet. */
const CONNECT_EVERY_MS = 5
/** How long a reader waits that was sent away: less than the server asks for, so that it does not look better. */
const AGAIN_MS = 100
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
  /** How often a reader was sent away before it had everything, by an error or a closed connection. */
  readonly sentAway: number
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
      await delay(CONNECT_EVERY_MS)
    }
  }
}

/** @returns when it was back; null: it was sent away */
async function comeBack(port: number, reader: ReturningReader): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>()
  const { path, lastEventId, awaitedId } = reader
  const cursor = lastEventId === null ? '' : `Last-Event-ID: ${lastEventId}\r\n`
  const wanted = awaitedId === null ? '\r\n\r\n' : `\nid: ${awaitedId}\n`
  const socket = await open(port)
  sockets.add(socket)
  let tail = ''
  let isFirst = true
  socket.setEncoding('latin1').on('data', (text: string) => {
    if (isFirst && !text.startsWith('HTTP/1.1 200 ')) return void socket.destroy()
    isFirst = false
    const seen = tail + text
    tail = seen.slice(-wanted.length)
    if (seen.includes(wanted)) resolve(monotonicMs())
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    sockets.delete(socket)
    resolve(null)
  })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${cursor}\r\n`)
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
    let sentAway = 0
    const persist = async (reader: ReturningReader): Promise<number> => {
      for (;;) {
        const at = await comeBack(port, reader)
        if (at !== null) return at
        sentAway += 1
        await delay(AGAIN_MS)
      }
    }
    const backAt = Promise.all(requests.map(persist))
    const patience = AbortSignal.timeout(PATIENCE_MS)
    const late = once(patience, 'abort').then(() => {
      throw new Error(`not all readers were back after ${PATIENCE_MS} ms`)
    })
    return { backAt: await Promise.race([backAt, late]), sentAway }
  },
  leave(): void {
    for (const socket of sockets) socket.removeAllListeners('close').destroy()
    sockets.clear()
  },
}

export type ReturningReaders = typeof calls
serve(calls)
