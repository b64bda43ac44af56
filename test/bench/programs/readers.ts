// Many readers of events on bare sockets, which note when each of them was told that a stream is live.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { monotonicMs } from '../statistics.ts'
import { serve } from './serve.ts'

/** As many as a listening socket's line surely holds. */
const CONNECTING_AT_ONCE = 100
const PATIENCE_MS = 30_000
const LIVE = Buffer.from('event: stream.live\n')

const sockets = new Set<Socket>()
let arrivals: number[] = []
let complete = Promise.withResolvers<void>()

async function open(port: number, path: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`)
  await once(socket, 'data')
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
  socket.on('data', (bytes: Buffer) => {
    if (!bytes.includes(LIVE)) return
    arrivals.push(monotonicMs())
    if (arrivals.length === sockets.size) complete.resolve()
  })
}

const calls = {
  /** Connects as many as are missing; resolves when the server has answered all of them. */
  async connect({ port, count }: { port: number; count: number }): Promise<void> {
    while (sockets.size < count) {
      const missing = Math.min(CONNECTING_AT_ONCE, count - sockets.size)
      await Promise.all(Array.from({ length: missing }, () => open(port, '/v1/events')))
    }
  },
  /** Begins to wait for one event. */
  expect(): void {
    arrivals = []
    complete = Promise.withResolvers()
  },
  /** @returns when each was told, once all of them have been or never will */
  async arrivals(): Promise<number[]> {
    const patience = setTimeout(() => complete.resolve(), PATIENCE_MS)
    await complete.promise
    clearTimeout(patience)
    return arrivals
  },
}

export type Readers = typeof calls
serve(calls)
