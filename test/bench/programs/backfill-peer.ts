// Replays the log by hand: pages through mysql2, written as frames with the socket's own backpressure.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { RowDataPacket } from 'mysql2/promise'
import { PeerDatabase, toFrame } from './peer-database.ts'
import { serve } from './serve.ts'

/** Control's. */
const PAGE = 200

async function replay(socket: Socket, request: string, database: PeerDatabase): Promise<void> {
  socket.write('retry: 2000\n\n')
  for (let cursor = Number(/lastEventId=(\d+)/.exec(request)?.[1]); !socket.destroyed; ) {
    const [rows] = await database.pool.execute<RowDataPacket[]>(
      'SELECT id, type, data FROM events WHERE was_live = 1 AND id > ? ORDER BY id LIMIT ?',
      [cursor, String(PAGE)],
    )
    const last = rows.at(-1)
    if (last === undefined) return
    cursor = last.id
    const frames = Buffer.concat(rows.map(({ id, type, data }) => toFrame({ id, type, data })))
    if (!socket.write(frames)) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
  }
}

const calls = {
  /** @returns the port where readers connect */
  async start(databaseUrl: string): Promise<number> {
    const database = new PeerDatabase(databaseUrl)
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.setEncoding('latin1').once('data', (text: string) => void replay(socket, text, database))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
}

export type BackfillPeer = typeof calls
serve(calls)
