// Somebody who stands between OnAir and its database: offers TLS with a certificate of their own, and asks for
// the password in each way that a client could fall for. Notes everything the client then sends.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'

const SSL_REQUEST_BYTES = 36
const [PLUGIN_AUTH, SECURE_CONNECTION, SSL, PROTOCOL_41, CONNECT_WITH_DB] = [
  1 << 19,
  1 << 15,
  1 << 11,
  1 << 9,
  8,
]

export interface ImpostorOptions {
  /** PEM; null: without TLS. */
  readonly certificate: { readonly cert: string; readonly key: string } | null
  /** The way in which it asks for the password. */
  readonly plugin: 'mysql_clear_password' | 'caching_sha2_password'
  readonly version: string
}

export interface Impostor extends AsyncDisposable {
  readonly port: number
  /** What clients have sent, but for the request to begin with TLS. */
  readonly heard: Buffer[]
}

/** Listens on all addresses of the machine. */
export async function startImpostor({ certificate, plugin, version }: ImpostorOptions): Promise<Impostor> {
  const heard: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.write(packet(0, greeting(plugin, version, certificate !== null)))
    if (certificate === null) return listen(socket, 2)
    // The client's first TLS message may come with its request to begin; what is left in the socket is read by TLS.
    const begin = () => {
      if (socket.read(SSL_REQUEST_BYTES) === null) return
      socket.off('readable', begin)
      const secureContext = createSecureContext(certificate)
      listen(new TLSSocket(socket, { isServer: true, secureContext }), 3)
    }
    socket.on('readable', begin)
  })
  function listen(socket: Socket, first: number): void {
    let sequence = first
    // First: "use this plugin". Then: "do the full authentication", that is with the password, or with a key.
    const answers = [switchTo(plugin), ...(plugin === 'caching_sha2_password' ? [Buffer.from([1, 4])] : [])]
    socket.on('error', () => {})
    socket.on('data', (data: Buffer) => {
      heard.push(data)
      const answer = answers.shift()
      if (answer !== undefined) socket.write(packet(sequence, answer))
      sequence += 2
    })
  }
  await once(server.listen(0), 'listening')
  return {
    port: (server.address() as { port: number }).port,
    heard,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((settle) => server.close(settle))
    },
  }
}

function packet(sequence: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(4)
  header.writeUIntLE(payload.length, 0, 3)
  header[3] = sequence
  return Buffer.concat([header, payload])
}

/** Protocol::AuthSwitchRequest */
function switchTo(plugin: string): Buffer {
  return Buffer.concat([Buffer.from([0xfe]), Buffer.from(`${plugin}\0${'c'.repeat(20)}\0`)])
}

/** Protocol::HandshakeV10 */
function greeting(plugin: string, version: string, withTls: boolean): Buffer {
  const capabilities = PLUGIN_AUTH | SECURE_CONNECTION | PROTOCOL_41 | CONNECT_WITH_DB | (withTls ? SSL : 0)
  const head = Buffer.from([10, ...Buffer.from(`${version}\0`), 1, 0, 0, 0, ...Buffer.alloc(8, 'a'), 0])
  const flags = Buffer.alloc(18)
  flags.writeUInt16LE(capabilities & 0xffff, 0)
  flags[2] = 45
  flags.writeUInt16LE(2, 3)
  flags.writeUInt16LE(capabilities >>> 16, 5)
  flags[7] = 21
  return Buffer.concat([head, flags, Buffer.from(`${'b'.repeat(12)}\0${plugin}\0`)])
}
