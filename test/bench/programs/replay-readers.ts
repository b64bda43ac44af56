// Readers who want the whole log, and count what they get of it.
import { once } from 'node:events'
import { connect } from 'node:net'
import { monotonicMs } from '../statistics.ts'
import { serve } from './serve.ts'

const END = '\n\n'

export interface Replay {
  readonly port: number
  /** The cursor that they come with. */
  readonly from: number
  readonly lastId: number
}

/** Resolves when the frame with this id has come. */
async function read({ port, from, lastId }: Replay): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const wanted = `id: ${lastId}\n`
  let tail = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    // A frame is small: what is looked for lies in the end of what has come.
    tail = (tail + text).slice(-4_096)
    if (tail.includes(wanted) && tail.endsWith(END)) resolve()
  })
  socket.on('close', () => reject(new Error('the replay broke off')))
  socket.write(`GET /v1/events?lastEventId=${from} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await promise
  socket.destroy()
}

const calls = {
  /** @returns how long it took until all of them had everything, in milliseconds */
  async replay({ count, ...replay }: Replay & { readonly count: number }): Promise<number> {
    const start = monotonicMs()
    await Promise.all(Array.from({ length: count }, () => read(replay)))
    return monotonicMs() - start
  },
}

export type ReplayReaders = typeof calls
serve(calls)
