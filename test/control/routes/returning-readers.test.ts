// Readers that come back all at once, as after a restart of control: what they cost the database.
import assert from 'node:assert/strict'
import { after, before, mock, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startControl, type TestControl } from '../../support/control.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'
import { call, liveStream } from '../support/api.ts'
import { appendMany } from '../support/events.ts'

const READERS = 100

let control: TestControl
before(async () => {
  control = await startControl()
})
after(() => control[Symbol.asyncDispose]())

/** Opens readers at once. @returns them, and how many statements control has executed for that */
async function open(queries: readonly string[]): Promise<{ readers: SseReader[]; cost: number }> {
  const { database } = control.context
  const [rows, run] = [mock.method(database.sql, 'rows'), mock.method(database, 'run')]
  const readers = await Promise.all(
    queries.map((query) => SseReader.open(`${control.apiUrl}/v1/events?${query}`)),
  )
  const cost = rows.mock.callCount() + run.mock.callCount()
  for (const counter of [rows, run]) counter.mock.restore()
  return { readers, cost }
}

const close = (readers: readonly SseReader[]) =>
  Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()))

test('readers who missed recent events get them without a query', async () => {
  const from = control.context.feed.head
  const { id } = await liveStream(control)
  const all = Array.from({ length: READERS }, () => `lastEventId=${from}`)
  const one = Array.from({ length: READERS }, () => `lastEventId=${from}&types=stream.live`)
  const { readers, cost } = await open([...all, ...one])
  for (const reader of readers) {
    const { data } = await reader.frame('stream.live')
    assert.equal((data.stream as { id: string }).id, id)
  }
  assert.ok(cost < READERS / 4, `${cost} statements for ${readers.length} readers`)
  await close(readers)
})

test('viewers whose stream’s last event is long ago share a few queries, and miss nothing', async () => {
  const streams = await Promise.all(Array.from({ length: 5 }, () => liveStream(control)))
  // Not the feed's head, which may still be behind the commits.
  const cursor = (await control.context.log.bounds()).head
  for (let n = 0; n < 2; n++) await appendMany(control.database, 4_000)
  control.context.feed.poke()
  await until('the feed to read them', () => control.context.feed.head >= cursor + 8_000)
  const queries = Array.from(
    { length: READERS },
    (_, n) => `stream=${streams[n % 5]?.id}&lastEventId=${cursor}`,
  )
  const { readers, cost } = await open(queries)
  // Each on its own would take two; how many share one depends on how they arrive.
  assert.ok(cost < READERS, `${cost} statements for ${READERS} readers`)
  for (const { id } of streams) {
    await control.context.streams.submit(id, { kind: 'end-requested', by: 'owner' })
  }
  for (const reader of readers) {
    await reader.frame('stream.ended')
    assert.deepEqual(reader.types, ['stream.ended'])
  }
  await close(readers)
})

test('a viewer whose stream has ended long ago gets that', async () => {
  const { id } = await liveStream(control)
  const cursor = (await control.context.log.bounds()).head
  await control.context.streams.submit(id, { kind: 'end-requested', by: 'owner' })
  const end = control.context.feed.head + 8_000
  for (let n = 0; n < 2; n++) await appendMany(control.database, 4_000)
  control.context.feed.poke()
  await until('the feed to read them', () => control.context.feed.head >= end)
  await using reader = await SseReader.open(`${control.apiUrl}/v1/events?stream=${id}&lastEventId=${cursor}`)
  await reader.frame('stream.ended')
  assert.deepEqual(reader.types, ['stream.ended'])
})

test('viewers who come one after the other share what was found of their stream, and miss nothing', async () => {
  const { id } = await liveStream(control)
  const cursor = (await control.context.log.bounds()).head
  const query = `stream=${id}&lastEventId=${cursor}`
  const counter = mock.method(control.context.queries, 'newestEvents')
  const readers: SseReader[] = []
  const startedMs = performance.now()
  for (let n = 0; n < 20; n++) readers.push(await SseReader.open(`${control.apiUrl}/v1/events?${query}`))
  const queries = counter.mock.callCount()
  const seconds = Math.ceil((performance.now() - startedMs) / 1_000)
  counter.mock.restore()
  assert.ok(queries <= seconds + 1, `${queries} queries in ${seconds} s`)
  await control.context.streams.submit(id, { kind: 'end-requested', by: 'owner' })
  // What was found a moment ago says nothing of the end.
  readers.push(await SseReader.open(`${control.apiUrl}/v1/events?${query}`))
  for (const reader of readers) await reader.frame('stream.ended')
  await close(readers)
})

test('a stream can be followed as soon as it is created, also by somebody who asked for it before', async () => {
  const { id } = await liveStream(control)
  const wrong = `${id.slice(0, -1)}${id.endsWith('a') ? 'b' : 'a'}`
  const status = async (stream: string) => {
    const reader = await SseReader.open(`${control.apiUrl}/v1/events?stream=${stream}`)
    await reader[Symbol.asyncDispose]()
    return reader.response.status
  }
  assert.deepEqual([await status(wrong), await status(id)], [404, 200])
  await control.database.query('UPDATE streams SET id = ? WHERE id = ?', [wrong, id])
  assert.equal(await status(wrong), 200)
})

test('a stream that has just been deleted is gone for viewers, also when it was followed a moment ago', async () => {
  const { id, streamKey } = await liveStream(control)
  const follow = async () => {
    const reader = await SseReader.open(`${control.apiUrl}/v1/events?stream=${id}`)
    await reader[Symbol.asyncDispose]()
    return reader.response.status
  }
  assert.equal(await follow(), 200)
  const deleted = await call(control, `/v1/streams/${id}`, { method: 'DELETE', token: streamKey.value })
  assert.equal(deleted.status, 204)
  assert.equal(await follow(), 404)
})

test('readers who wait for the same query are served a few at a time, so that hooks get their turn', async () => {
  const { id } = await liveStream(control)
  const found = await control.context.queries.newestEvents([id])
  const answer = Promise.withResolvers<typeof found>()
  const slow = mock.method(control.context.queries, 'newestEvents', () => answer.promise)
  const added = mock.method(control.context.hub, 'add')
  // As long as the stream is remembered from the tests before, nobody waits.
  await delay(1_100)
  const opening = Array.from({ length: READERS }, () =>
    SseReader.open(`${control.apiUrl}/v1/events?stream=${id}`),
  )
  await until('the first to ask', () => slow.mock.callCount() > 0)
  await delay(200)
  const perTurn: number[] = []
  const count = () => {
    const before = perTurn.reduce((sum, n) => sum + n, 0)
    perTurn.push(added.mock.callCount() - before)
    if (added.mock.callCount() < READERS) setImmediate(count)
  }
  answer.resolve(found)
  count()
  const readers = await Promise.all(opening)
  for (const counter of [slow, added]) counter.mock.restore()
  assert.ok(Math.max(...perTurn) <= 20, `${Math.max(...perTurn)} in one turn`)
  await close(readers)
})
