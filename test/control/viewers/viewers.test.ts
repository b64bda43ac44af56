// Viewer counts: added up over control processes, sent to readers, dropped when a process dies.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { StreamService } from '../../../apps/control/streams/service.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'

let database: TestDatabase
let one: TestControl
let two: TestControl

before(async () => {
  database = await createTestDatabase()
  one = await startControl({ database })
  two = await startControl({ database, env: { NODE_ID: 'other' } })
})

after(async () => {
  await two?.[Symbol.asyncDispose]()
  await one?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

async function goLive(streams: StreamService, clientId: number): Promise<string> {
  const { stream } = await streams.create({ title: null, record: false })
  const { id, keyHash, publicUrl } = stream
  const now = new Date()
  const session = { nodeId: 'test', nginx: null, clientId, acceptedAt: now, baselineAt: null }
  await streams.submit(id, {
    kind: 'publisher-accepted',
    session,
    keyHash: new Uint8Array(keyHash),
    publicUrl,
  })
  await streams.submit(id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: now })
  return id
}

const watch = (control: TestControl, id: string) =>
  SseReader.open(`${control.apiUrl}/v1/events?stream=${id}&viewer=1`)

async function viewers(control: TestControl, id: string): Promise<unknown> {
  const response = await fetch(`${control.apiUrl}/v1/streams/${id}`)
  return ((await response.json()) as { viewers: unknown }).viewers
}

test('counts watch pages, and not readers of events', async () => {
  const id = await goLive(one.context.streams, 1)
  await using _follower = await SseReader.open(`${one.apiUrl}/v1/events?stream=${id}`)
  assert.equal(await viewers(one, id), 0)
  await using _first = await watch(one, id)
  assert.equal(await viewers(one, id), 1, 'a viewer is counted as soon as its connection is open')
  {
    await using _second = await watch(one, id)
    assert.equal(await viewers(one, id), 2)
  }
  await until('the second to be gone', async () => (await viewers(one, id)) === 1)
})

test('adds up the viewers of all control processes', async () => {
  const id = await goLive(one.context.streams, 2)
  await using _here = await watch(one, id)
  await using _there = await watch(two, id)
  for (const { context } of [two, one, two]) await context.viewers.round()
  assert.equal(await viewers(one, id), 2)
  const list = (await (await fetch(`${two.apiUrl}/v1/streams`)).json()) as {
    data: { id: string; viewers: number }[]
  }
  assert.equal(list.data.find((stream) => stream.id === id)?.viewers, 2)
})

test('sends a changed count to readers of the stream and of all streams, without an id, at most every 2 s', async () => {
  const id = await goLive(one.context.streams, 3)
  await using everybody = await SseReader.open(`${one.apiUrl}/v1/events`)
  await using first = await watch(one, id)
  const rest: SseReader[] = []
  for (let i = 0; i < 4; i++) rest.push(await watch(one, id))
  const all = await first.frame('stream.viewers', (frame) => frame.data.viewers === 5)
  assert.equal(all.id, null)
  assert.deepEqual([all.data.type, all.data.streamId], ['stream.viewers', id])
  await everybody.frame('stream.viewers', (frame) => frame.data.streamId === id && frame.data.viewers === 5)
  const told = everybody.frames.filter((frame) => frame.data.streamId === id)
  for (const [index, frame] of told.slice(1).entries()) {
    const gap = frame.receivedAt - (told[index]?.receivedAt ?? 0)
    assert.ok(gap > 1_900, `${gap} ms between two`)
  }
  for (const reader of rest) await reader[Symbol.asyncDispose]()
  await first.frame('stream.viewers', (frame) => frame.data.viewers === 1)
})

test('sends the count of a stream that was never live only to readers of that stream', async () => {
  const { stream } = await one.context.streams.create({ title: null, record: false })
  await using everybody = await SseReader.open(`${one.apiUrl}/v1/events`)
  await using own = await watch(one, stream.id)
  await own.frame('stream.viewers', (frame) => frame.data.viewers === 1)
  assert.ok(!everybody.text.includes(stream.id))
})

test('an ended stream has no viewers', async () => {
  const id = await goLive(one.context.streams, 4)
  await using reader = await watch(one, id)
  await one.context.streams.submit(id, { kind: 'end-requested', by: 'owner' })
  const ended = await reader.frame('stream.ended')
  assert.equal((ended.data.stream as { viewers: number }).viewers, 0)
  assert.equal(await viewers(one, id), 0)
})

test('does not count the viewers of a process that has stopped confirming them, and removes its rows later', async () => {
  const id = await goLive(one.context.streams, 5)
  const insert = 'INSERT INTO viewers VALUES (?, ?, 7, UTC_TIMESTAMP(3) - INTERVAL ? SECOND)'
  await database.query(insert, ['alive'.padEnd(21, 'x'), id, 10])
  await database.query(insert, ['dead'.padEnd(21, 'x'), id, 20])
  await database.query(insert, ['buried'.padEnd(21, 'x'), id, 500])
  await one.context.viewers.round()
  assert.equal(await viewers(one, id), 7)
  await using fresh = await startControl({ database, env: { NODE_ID: 'fresh' } })
  await fresh.context.viewers.round()
  const left = await database.query('SELECT process_id FROM viewers WHERE process_id LIKE ?', ['buried%'])
  assert.deepEqual(left, [])
})

test('writes no rows while nobody watches, and removes its rows when it stops', async () => {
  const rows = async () => Number((await database.query('SELECT COUNT(*) AS n FROM viewers'))[0]?.n)
  const id = await goLive(one.context.streams, 6)
  await database.query('DELETE FROM viewers')
  const three = await startControl({ database, env: { NODE_ID: 'third' } })
  await three.context.viewers.round()
  assert.equal(await rows(), 0)
  await using _viewer = await watch(three, id)
  await three.context.viewers.round()
  assert.equal(await rows(), 1)
  await three[Symbol.asyncDispose]()
  assert.equal(await rows(), 0)
})

test('refuses a viewer that names no stream', async () => {
  const response = await fetch(`${one.apiUrl}/v1/events?viewer=1`)
  assert.equal(response.status, 400)
  assert.match(await response.text(), /viewer/)
})

test('one address counts for at most 20 viewers of a stream, and others beside it', async () => {
  const id = await goLive(one.context.streams, 21)
  const other = await goLive(one.context.streams, 22)
  await using open = new AsyncDisposableStack()
  const many: SseReader[] = []
  for (let n = 0; n < 60; n++) many.push(open.use(await watch(one, id)))
  assert.equal(await viewers(one, id), 20)
  open.use(await watch(one, other))
  assert.equal(await viewers(one, other), 1)
  const leave = one.context.viewers.join(id, '192.0.2.9')
  assert.equal(await viewers(one, id), 21)
  leave()
  for (const reader of many.slice(0, 45)) await reader[Symbol.asyncDispose]()
  await until('those that are left to count', async () => (await viewers(one, id)) === 15)
})
