// The two ways to tell that a first playlist is there with nothing around them: fs.watch on each awaited
// directory, or a look at each once a second; then one transaction and one write to each socket.
import { once } from 'node:events'
import { existsSync, watch } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { PeerDatabase, type StreamRow, toFrame } from './peer-database.ts'
import { serve } from './serve.ts'

const PLAYLIST = 'index.m3u8'
const LOOK_MS = 1_000

interface Awaited {
  readonly id: string
  readonly folder: string
}

const sockets = new Set<Socket>()
const polled = new Map<string, Awaited>()
const rows = new Map<string, StreamRow>()
let database: PeerDatabase | undefined

async function announce({ id }: Awaited): Promise<void> {
  const row = rows.get(id)
  if (database === undefined || row === undefined) return
  rows.delete(id)
  const frame = toFrame(await database.goLive(row))
  for (const socket of sockets) socket.write(frame)
}

const calls = {
  /** @returns the port where its readers connect */
  async start(databaseUrl: string): Promise<number> {
    database = new PeerDatabase(databaseUrl)
    const server = createServer((socket) => {
      sockets.add(socket.setNoDelay(true))
      socket.once('data', () => socket.write('retry: 2000\n\n'))
      socket.once('close', () => sockets.delete(socket)).on('error', () => undefined)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  /** Awaits first playlists; what it writes then has been read before. */
  async await({ streams, by }: { streams: readonly Awaited[]; by: 'watch' | 'poll' }): Promise<void> {
    for (const stream of streams) {
      const row = await database?.find(stream.id)
      if (row !== undefined) rows.set(stream.id, row)
      if (by === 'poll') polled.set(stream.id, stream)
      else {
        const watcher = watch(stream.folder, (_event, name) => {
          if (name !== PLAYLIST) return
          watcher.close()
          void announce(stream)
        })
      }
    }
  },
}

setInterval(() => {
  for (const stream of polled.values()) {
    if (!existsSync(join(stream.folder, PLAYLIST))) continue
    polled.delete(stream.id)
    void announce(stream)
  }
}, LOOK_MS)

export type LivePeer = typeof calls
serve(calls)
