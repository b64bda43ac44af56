// As much of RTMP as it takes to publish: handshake, connect, createStream, publish. It measures what an
// encoder waits for: from `publish` to NetStream.Publish.Start. Adobe's RTMP 1.0 §5.2 (handshake), §5.3
// (chunks), §7.2 (commands); AMF0.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { monotonicMs } from './statistics.ts'

const HANDSHAKE_BYTES = 1536
const CHUNK_BYTES = 128
const COMMAND = 20
/** The chunk stream that commands go on, and the message stream that a fresh connection makes. */
const CHUNK_STREAM = 3
const MESSAGE_STREAM = 1
const PATIENCE_MS = 10_000

type Value = string | number | null | Readonly<Record<string, string>>

export class RtmpPublisher implements Disposable {
  readonly #socket: Socket
  #received = ''

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Connects to an application and stands right before `publish`. */
  static async connect(port: number, app: string): Promise<RtmpPublisher> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    const publisher = new RtmpPublisher(socket)
    await publisher.#shakeHands()
    socket.setEncoding('latin1').on('data', (text: string) => {
      publisher.#received += text
    })
    publisher.#send(0, ['connect', 1, { app, tcUrl: `rtmp://127.0.0.1:${port}/${app}`, type: 'nonprivate' }])
    await publisher.#hears('NetConnection.Connect.Success')
    publisher.#send(0, ['createStream', 2, null])
    await publisher.#hears(`_result${amf(2).toString('latin1')}`)
    return publisher
  }

  /** @returns how long it took until nginx said that publishing has begun, in milliseconds */
  async publish(name: string): Promise<number> {
    const start = monotonicMs()
    this.#send(MESSAGE_STREAM, ['publish', 3, null, name, 'live'])
    await this.#hears('NetStream.Publish.Start')
    return monotonicMs() - start
  }

  async #shakeHands(): Promise<void> {
    const client = Buffer.alloc(1 + HANDSHAKE_BYTES)
    client[0] = 3
    this.#socket.write(client)
    let server = Buffer.alloc(0)
    while (server.length < 1 + 2 * HANDSHAKE_BYTES) {
      const [bytes] = (await once(this.#socket, 'data')) as [Buffer]
      server = Buffer.concat([server, bytes])
    }
    this.#socket.write(server.subarray(1, 1 + HANDSHAKE_BYTES))
  }

  #send(messageStream: number, values: readonly Value[]): void {
    const body = Buffer.concat(values.map(amf))
    const header = Buffer.alloc(12)
    header[0] = CHUNK_STREAM
    header.writeUIntBE(body.length, 4, 3)
    header[7] = COMMAND
    header.writeUInt32LE(messageStream, 8)
    const pieces: Buffer[] = [header]
    for (let at = 0; at < body.length; at += CHUNK_BYTES) {
      if (at > 0) pieces.push(Buffer.of(0b1100_0000 | CHUNK_STREAM))
      pieces.push(body.subarray(at, at + CHUNK_BYTES))
    }
    this.#socket.write(Buffer.concat(pieces))
  }

  /** What is waited for is short and comes in one chunk: nginx raises its chunk size first. */
  async #hears(text: string): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    while (!this.#received.includes(text)) {
      if (this.#socket.destroyed) throw new Error(`nginx hung up before ${text}`)
      await Promise.race([once(this.#socket, 'data', { signal }), once(this.#socket, 'close', { signal })])
    }
    this.#received = ''
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}

function amf(value: Value): Buffer {
  if (value === null) return Buffer.of(5)
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9)
    bytes.writeDoubleBE(value, 1)
    return bytes
  }
  if (typeof value === 'string') return Buffer.concat([Buffer.of(2), amfText(value)])
  const fields = Object.entries(value).flatMap(([name, text]) => [amfText(name), amf(text)])
  return Buffer.concat([Buffer.of(3), ...fields, Buffer.of(0, 0, 9)])
}

function amfText(text: string): Buffer {
  const bytes = Buffer.alloc(2 + text.length)
  bytes.writeUInt16BE(text.length)
  bytes.write(text, 2, 'latin1')
  return bytes
}
