import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'
import { createStream, liveStream } from '../support/api.ts'
import { appendMany } from '../support/events.ts'

let control: TestControl
before(async () => {
  control = await startControl()
})
after(() => control[Symbol.asyncDispose]())

const readers = () => control.context.hub.readerCount

/** A reader that takes in the first bytes and then nothing more. */
async function stuckReader(query = '', { apiUrl } = control) {
  const socket = connect(Number(new URL(apiUrl).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`GET /v1/events${query} HTTP/1.1\r\nHost: x\r\n\r\n`)
  await once(socket, 'readable')
  return { [Symbol.dispose]: () => socket.destroy() }
}

/** Events of another process, and one of this, which makes it look at the log. */
async function burst(): Promise<void> {
  await appendMany(control.database, 9, { bytes: 20_000 })
  await createStream(control)
}

test('a reader that does not read is cut off at a bounded buffer, while another gets everything', async () => {
  const heap = process.memoryUsage().arrayBuffers
  await using good = await SseReader.open(`${control.apiUrl}/v1/events`)
  using _stuck = await stuckReader()
  await until('both readers', () => readers() === 2)
  let sent = 0
  // What the kernel keeps for a reader is some MB; what this process may keep is far less.
  for (let round = 0; readers() === 2; round++) {
    assert.ok(round < 300, 'it is cut off')
    await burst()
    sent += 9
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
  assert.ok(process.memoryUsage().arrayBuffers - heap < 64 * 1024 * 1024)
})

test('a reader that does not read while it is brought up to date costs one page, not the whole log', async () => {
  for (let n = 0; n < 100; n++) await appendMany(control.database, 20, { bytes: 20_000 })
  // A process that starts behind all this: the log's 40 MB are only for who asks for them.
  await using fresh = await startControl({ database: control.database, env: { NODE_ID: 'fresh' } })
  const before = process.memoryUsage().arrayBuffers
  using _stuck = await stuckReader('?lastEventId=0', fresh)
  assert.equal(fresh.context.hub.readerCount, 1)
  await using good = await SseReader.open(`${fresh.apiUrl}/v1/events`)
  const { id } = await liveStream(fresh)
  await good.frame('stream.live', (frame) => (frame.data.stream as { id: string }).id === id)
  assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 1024 * 1024)
})

test('readers that have gone are forgotten, however they went', async () => {
  await until('those of before to be gone', () => readers() === 0)
  const { id } = await createStream(control)
  for (let round = 0; round < 3; round++) {
    const queries = [
      '',
      '?lastEventId=0',
      `?stream=${id}`,
      `?stream=${id}&lastEventId=0`,
      '?types=stream.ended',
    ]
    const open = await Promise.all(
      [...queries, ...queries].map((query) => SseReader.open(`${control.apiUrl}/v1/events${query}`)),
    )
    assert.equal(readers(), 10)
    // In the midst of what they are being sent.
    const going = burst()
    await Promise.all(open.map((reader) => reader[Symbol.asyncDispose]()))
    await going
    await until('all to be gone', () => readers() === 0)
  }
  // And what comes then goes to nobody without an error.
  await liveStream(control)
})
