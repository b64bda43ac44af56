// One reader of events on a bare socket, which notes when each stream was said to be live.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { monotonicMs } from './statistics.ts'

const LIVE = /event: stream\.live\n.*?"stream":\{"id":"([0-9a-z]{20})"/s

export class EventReader implements Disposable {
  /** When the event came, by stream. */
  readonly arrivals = new Map<string, number>()
  readonly #socket: Socket
  #rest = ''

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text: string) => this.#take(text, monotonicMs()))
  }

  /** Resolves when the first bytes have come: the server then knows its reader. */
  static async open(port: number): Promise<EventReader> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const reader = new EventReader(socket)
    socket.write('GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'data')
    return reader
  }

  #take(text: string, at: number): void {
    const blocks = (this.#rest + text).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, id] = LIVE.exec(block) ?? []
      if (id !== undefined) this.arrivals.set(id, at)
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}
