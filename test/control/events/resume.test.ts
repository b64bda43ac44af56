import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { startControl, type TestControl } from '../../support/control.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'
import { createStream, goLive, liveStream, put } from '../support/api.ts'
import { appendMany } from '../support/events.ts'

let a: TestControl
/** Another node on the same database; readers move between the two. */
let b: TestControl
before(async () => {
  a = await startControl({ env: { NODE_ID: 'a' } })
  b = await startControl({ env: { NODE_ID: 'b' }, database: a.database })
})
after(async () => {
  await b[Symbol.asyncDispose]()
  await a[Symbol.asyncDispose]()
})

/** A broadcast from creation to end: five events, three of them for readers of all streams. */
async function broadcast(control: TestControl): Promise<void> {
  const issued = await createStream(control)
  await goLive(control, issued)
  const { nodeId } = control.context.config
  await put(control, issued.id, { kind: 'publisher-gone', session: { nodeId, nginx: null, clientId: 1 } })
  await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
}

test('a reader that reconnects again and again, to either node, misses nothing and sees nothing twice', async () => {
  let writing = true
  const writers = Promise.all(
    [a, b, a, b].map(async (control) => {
      for (let n = 0; n < 8; n++) await broadcast(control)
    }),
  ).finally(() => {
    writing = false
  })
  const seen: number[] = []
  let connections = 0
  const start = (await a.context.log.bounds()).head
  for (let cursor = start; ; cursor = seen.at(-1) ?? start) {
    const last = !writing
    const control = connections % 2 === 0 ? a : b
    // Alternately as a script and as a browser does it.
    const url = `${control.apiUrl}/v1/events`
    const reader = await (connections % 3 === 0
      ? SseReader.open(`${url}?lastEventId=${cursor}`)
      : SseReader.open(url, { 'last-event-id': String(cursor) }))
    connections += 1
    const enough = 1 + (connections % 5)
    await until('some events', () => reader.frames.length >= enough || last || !writing)
    if (last) {
      const { head } = await a.context.log.bounds()
      await until('the last of them', () => Number(reader.frames.at(-1)?.id ?? cursor) >= head)
    }
    await reader[Symbol.asyncDispose]()
    seen.push(...reader.frames.map((frame) => Number(frame.id)))
    if (last) break
  }
  await writers
  const rows = await a.database.query('SELECT id FROM events WHERE was_live AND id > ? ORDER BY id', [start])
  assert.equal(rows.length, 4 * 8 * 3)
  assert.deepEqual(
    seen,
    rows.map((row) => Number(row.id)),
  )
  assert.ok(connections > 5, `${connections} connections`)
})

test('readers that connect while events are written see all events after their cursor, in order and once', async () => {
  const start = (await a.context.log.bounds()).head
  const writers = Promise.all(
    [a, b].map(async (control) => {
      for (let n = 0; n < 6; n++) await broadcast(control)
    }),
  )
  const readers: SseReader[] = []
  for (let n = 0; n < 20; n++) {
    const { apiUrl } = n % 2 === 0 ? a : b
    readers.push(await SseReader.open(`${apiUrl}/v1/events?lastEventId=${start}`))
    await nextTurn()
  }
  await writers
  const rows = await a.database.query('SELECT id FROM events WHERE was_live AND id > ? ORDER BY id', [start])
  const expected = rows.map((row) => Number(row.id))
  for (const reader of readers) {
    await until('all events', () => reader.frames.length >= expected.length)
    assert.deepEqual(
      reader.frames.map((frame) => Number(frame.id)),
      expected,
    )
    await reader[Symbol.asyncDispose]()
  }
})

test('a reader that is many events behind gets all of them, page after page', async () => {
  const start = (await a.context.log.bounds()).head
  await appendMany(a.database, 1_150)
  await liveStream(a)
  await until('the events of the other process', () => a.context.feed.head >= start + 1_150)
  await using reader = await SseReader.open(`${a.apiUrl}/v1/events?lastEventId=${start}`)
  const { id } = await liveStream(a)
  await reader.frame('stream.live', (frame) => (frame.data.stream as { id?: string } | undefined)?.id === id)
  const rows = await a.database.query('SELECT id FROM events WHERE was_live AND id > ? ORDER BY id', [start])
  assert.equal(rows.length, 1_152)
  assert.deepEqual(
    reader.frames.map((frame) => Number(frame.id)),
    rows.map((row) => Number(row.id)),
  )
})

test('a cursor is valid after the process that sent it has ended', async () => {
  const first = await startControl({ database: a.database, env: { NODE_ID: 'c' } })
  const reader = await SseReader.open(`${first.apiUrl}/v1/events`)
  await liveStream(first)
  const { id } = await reader.frame('stream.live')
  await first[Symbol.asyncDispose]()
  await reader[Symbol.asyncDispose]()
  const meanwhile = await liveStream(a)
  const second = await startControl({ database: a.database, env: { NODE_ID: 'c' } })
  await using again = await SseReader.open(`${second.apiUrl}/v1/events`, { 'last-event-id': id ?? '' })
  await again.frame('stream.live')
  assert.deepEqual(
    again.frames.map(({ data }) => (data.stream as { id: string }).id),
    [meanwhile.id],
  )
  await second[Symbol.asyncDispose]()
})
