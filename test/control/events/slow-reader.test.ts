import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'
import { createStream, liveStream } from '../support/api.ts'
import { appendMany } from '../support/events.ts'

let control: TestControl
before(async () => {
  control = await startControl()
  count(control)
})
after(() => control[Symbol.asyncDispose]())

const sockets = new Map<TestControl, Set<Socket>>()

/** Tracks a control's connections from now on, for `pending`. */
function count(counted: TestControl): void {
  const open = new Set<Socket>()
  sockets.set(counted, open)
  counted.app.server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
}

/** Bytes that are buffered in this process for readers. */
function pending(counted: TestControl): number {
  return [...(sockets.get(counted) ?? [])].reduce((sum, socket) => sum + socket.writableLength, 0)
}

const readers = () => control.context.hub.readerCount

/** A reader that stops reading after the first bytes. */
async function stuckReader(query = '', { apiUrl } = control) {
  const socket = connect(Number(new URL(apiUrl).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`GET /v1/events${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await once(socket, 'readable')
  return { [Symbol.dispose]: () => socket.destroy() }
}

/** Events of another process, and one of this process, which makes it read the log. */
async function burst(): Promise<void> {
  await appendMany(control.database, 9, { bytes: 20_000 })
  await createStream(control)
}

test('a reader that does not read is disconnected at a bounded buffer, while another gets every event', async () => {
  await using good = await SseReader.open(`${control.apiUrl}/v1/events`)
  using _stuck = await stuckReader()
  await until('both readers', () => readers() === 2)
  let sent = 0
  let mostPending = 0
  // The kernel buffers some MB for a reader; this process may buffer far less.
  for (let round = 0; readers() === 2; round++) {
    assert.ok(round < 300, 'it is disconnected')
    await burst()
    sent += 9
    mostPending = Math.max(mostPending, pending(control))
    await until('the good reader to have it', () => good.frames.length >= sent)
  }
  assert.equal(readers(), 1)
  await liveStream(control)
  await good.frame('stream.live', (frame) => frame.data.type === 'stream.live')
  const ids = good.frames.map((frame) => Number(frame.id))
  assert.deepEqual(
    ids,
    [...ids].sort((a, b) => a - b),
  )
  assert.equal(good.frames.length, sent + 1)
  assert.ok(mostPending < 512 * 1024, `${mostPending} bytes`)
})

test('a reader that reads is not disconnected by a burst of events from another process', async () => {
  await using good = await SseReader.open(`${control.apiUrl}/v1/events`)
  for (let round = 0; round < 3; round++) {
    await appendMany(control.database, 1_000, { bytes: 1_500 })
    await createStream(control)
    await until('all of it', () => good.frames.length === 1_000 * (round + 1) || good.closed)
    assert.ok(!good.closed, `disconnected after ${good.frames.length}`)
  }
})

test('a reader that does not read while it catches up costs the memory of one page, not of the whole log', async () => {
  for (let n = 0; n < 100; n++) await appendMany(control.database, 20, { bytes: 20_000 })
  // A process that starts after all these events: it reads the log's 40 MB only for a reader that asks for them.
  await using fresh = await startControl({ database: control.database, env: { NODE_ID: 'fresh' } })
  count(fresh)
  using _stuck = await stuckReader('?lastEventId=0', fresh)
  assert.equal(fresh.context.hub.readerCount, 1)
  await until('it to be stuck', () => pending(fresh) > 0)
  await using good = await SseReader.open(`${fresh.apiUrl}/v1/events`)
  for (let n = 0; n < 5; n++) {
    const { id } = await liveStream(fresh)
    await good.frame('stream.live', (frame) => (frame.data.stream as { id: string }).id === id)
    assert.ok(pending(fresh) < 5_000_000, `${pending(fresh)} bytes`)
  }
})

test('readers that have disconnected are removed, whatever they were doing', async () => {
  // Events of a realistic size: larger ones would fill a reader's buffer by themselves.
  await using own = await startControl()
  const count = () => own.context.hub.readerCount
  const { id } = await liveStream(own)
  await appendMany(own.database, 1_000, { bytes: 500 })
  const queries = [
    '',
    '?lastEventId=0',
    `?stream=${id}`,
    `?stream=${id}&lastEventId=0`,
    '?types=stream.ended',
  ]
  for (let round = 0; round < 3; round++) {
    const open = await Promise.all(
      [...queries, ...queries].map((query) => SseReader.open(`${own.apiUrl}/v1/events${query}`)),
    )
    assert.equal(count(), 10)
    // While events are being sent to them.
    const going = liveStream(own)
    await Promise.all(open.map((reader) => reader[Symbol.asyncDispose]()))
    await going
    await until('all to be gone', () => count() === 0)
  }
  // An event for which there is no reader is not an error.
  await liveStream(own)
})
