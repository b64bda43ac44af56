// A TCP relay that connects onwards from another loopback address. With it an encoder, which cannot choose its
// address, arrives as if from another machine.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Relay extends AsyncDisposable {
  readonly port: number
}

export async function startRelay(from: string, port: number | string): Promise<Relay> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const onwards = connect({ host: '127.0.0.1', port: Number(port), localAddress: from })
    for (const socket of [client, onwards]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    }
    client.pipe(onwards).pipe(client)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
