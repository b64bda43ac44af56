// Two whole stacks on one database, as two machines would be.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { Encoder } from '../support/encoder.ts'
import { SseReader } from '../support/sse.ts'
import { TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let database: TestDatabase
let here: TestStack
let there: TestStack

before(async () => {
  database = await createTestDatabase()
  here = await TestStack.start({ NODE_ID: 'here', RECONNECT_WINDOW: '5' }, database)
  there = await TestStack.start({ NODE_ID: 'there', RECONNECT_WINDOW: '5' }, database)
})

after(async () => {
  await there?.[Symbol.asyncDispose]()
  await here?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

test('events of either node reach the readers of both, in the same order, once', async () => {
  await using ours = await SseReader.open(`${here.url}/v1/events`)
  await using theirs = await SseReader.open(`${there.url}/v1/events`)
  const a = await here.create()
  const b = await there.create()
  await using _a = new Encoder(`${here.rtmpUrl}/${a.streamKey.value}`)
  await using _b = new Encoder(`${there.rtmpUrl}/${b.streamKey.value}`)
  await here.reaches(b.id, 'live')
  await there.reaches(a.id, 'live')
  for (const [node, stream] of [
    [here, b],
    [there, a],
  ] as const) {
    // The request goes to the node that does not have the publisher.
    assert.equal((await node.manage(stream.id, 'end', stream.streamKey.value)).status, 200)
  }
  const both = [ours, theirs]
  for (const reader of both) {
    for (const { id } of [a, b]) {
      await reader.frame(
        'stream.ended',
        (frame) => (frame.data as { stream: { id: string } }).stream.id === id,
      )
    }
  }
  assert.equal(ours.frames.length, 4)
  assert.deepEqual(
    ours.frames.map((frame) => frame.id),
    theirs.frames.map((frame) => frame.id),
  )
  await until('each node to end its own playlist', async () => {
    const playlists = await Promise.all([here.playlist(a.id), there.playlist(b.id)])
    return playlists.every((text) => text.includes('#EXT-X-ENDLIST'))
  })
})

test('a key that is used on two nodes at once is accepted by exactly one', async () => {
  const stream = await here.create()
  const encoders = [here, there].map((node) => new Encoder(`${node.rtmpUrl}/${stream.streamKey.value}`))
  await here.reaches(stream.id, 'live')
  await until('one to be refused', () => encoders.some((encoder) => !encoder.running))
  assert.equal(encoders.filter((encoder) => encoder.running).length, 1)
  const rows = await database.query('SELECT type FROM events WHERE stream_id = ? ORDER BY id', [stream.id])
  assert.deepEqual(
    rows.map((row) => row.type),
    ['stream.created', 'stream.connecting', 'stream.live'],
  )
  for (const encoder of encoders) await encoder[Symbol.asyncDispose]()
})

test('a publisher that returns to the other node continues there, and its playlist on the first node ends', async () => {
  const stream = await here.create()
  await using first = new Encoder(`${here.rtmpUrl}/${stream.streamKey.value}`)
  const { playback } = await here.reaches(stream.id, 'live')
  await first.stop()
  await here.reaches(stream.id, 'reconnecting')
  await using _second = new Encoder(`${there.rtmpUrl}/${stream.streamKey.value}`)
  const resumed = await here.reaches(stream.id, 'live')
  assert.ok(playback.hls.startsWith(here.url))
  assert.ok(resumed.playback.hls.startsWith(there.url))
  assert.ok((await fetch(resumed.playback.hls)).ok)
  await until('the first playlist to end', async () =>
    (await here.playlist(stream.id)).includes('#EXT-X-ENDLIST'),
  )
  await there.manage(stream.id, 'end', stream.streamKey.value)
})

test('a second control under the same NODE_ID does not start', async () => {
  await assert.rejects(TestStack.start({ NODE_ID: 'here' }, database), /NODE_ID here is in use/)
})

test('the streams of a node that stays dead are ended by the other', async () => {
  const stream = await there.create()
  await using encoder = new Encoder(`${there.rtmpUrl}/${stream.streamKey.value}`)
  await here.reaches(stream.id, 'live')
  await there[Symbol.asyncDispose]()
  await encoder.exited()
  const ended = await here.reaches(stream.id, 'ended', 50_000)
  assert.equal(ended.endReason, 'publisher_gone')
  const names = await until('the node to be forgotten', async () => {
    const rows = await database.query('SELECT id FROM nodes')
    return rows.length === 1 && rows.map((row) => row.id)
  })
  assert.deepEqual(names, ['here'])
})
