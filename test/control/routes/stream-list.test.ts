import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { z } from 'zod'
import type { StreamListSchema } from '../../../apps/control/api/stream-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { SseReader } from '../../support/sse.ts'
import { call, createStream, goLive, liveStream, put, readStream, refused } from '../support/api.ts'

type List = z.output<typeof StreamListSchema>
let control: TestControl
before(async () => {
  control = await startControl()
})
after(() => control[Symbol.asyncDispose]())

async function list(query = ''): Promise<List> {
  const { status, body, text } = await call<List>(control, `/v1/streams${query}`)
  assert.equal(status, 200, text)
  return body
}

const ids = (page: List) => page.data.map((stream) => stream.id)

async function pages(query: string): Promise<List[]> {
  const all = [await list(`?${query}`)]
  for (let cursor = all[0]?.nextCursor; cursor; cursor = all.at(-1)?.nextCursor) {
    all.push(await list(`?${query}&cursor=${encodeURIComponent(cursor)}`))
  }
  return all
}

test('is empty at first and already has a lastEventId', async () => {
  assert.deepEqual(await list(), { data: [], nextCursor: null, lastEventId: '0' })
})

test('has the streams that have been live, newest first, as GET /v1/streams/:id shows them', async () => {
  const waiting = await createStream(control)
  const [a, b] = [await liveStream(control, 'a'), await liveStream(control, 'b')]
  await put(control, a.id, { kind: 'end-requested', by: 'owner' })
  const never = await createStream(control)
  await put(control, never.id, { kind: 'end-requested', by: 'owner' })
  const page = await list()
  assert.deepEqual(ids(page), [b.id, a.id])
  assert.deepEqual(page.data, [await readStream(control, b.id), await readStream(control, a.id)])
  assert.ok(!ids(page).includes(waiting.id))
  // The order is by when they went live, not by when they were created.
  await goLive(control, waiting)
  assert.equal(ids(await list())[0], waiting.id)
})

test('contains no stream keys, not even for their owner', async () => {
  const { streamKey } = await liveStream(control)
  const { text } = await call(control, '/v1/streams', { token: streamKey.value })
  assert.ok(!text.includes('streamKey') && !text.includes('live_'), text)
})

test('can be filtered by status', async () => {
  const { id } = await liveStream(control)
  const session = { nodeId: 'test', nginx: null, clientId: 1 }
  await put(control, id, { kind: 'publisher-gone', session })
  for (const query of ['?status=reconnecting', '?status=live,reconnecting']) {
    assert.ok(ids(await list(query)).includes(id), query)
  }
  for (const query of ['?status=live', '?status=ended,live']) {
    assert.ok(!ids(await list(query)).includes(id), query)
  }
  assert.deepEqual(ids(await list('?status=waiting')), [], 'one that waits has never been live')
})

test('has each stream on exactly one page', async () => {
  for (let n = 0; n < 7; n++) await liveStream(control, `page ${n}`)
  const whole = await list('?limit=100')
  assert.equal(whole.nextCursor, null)
  for (const limit of [1, 2, 3, whole.data.length]) {
    const parts = await pages(`limit=${limit}`)
    assert.deepEqual(parts.flatMap(ids), ids(whole), `limit ${limit}`)
    assert.ok(parts.slice(0, -1).every((part) => part.data.length === limit))
  }
})

test('keeps the order across pages when several streams went live in the same millisecond', async () => {
  const own = await startControl()
  try {
    const expected: string[] = []
    for (let n = 0; n < 5; n++) expected.push((await liveStream(own)).id)
    await own.database.query("UPDATE streams SET live_at = '2026-01-01 00:00:00.123'")
    const seen: string[] = []
    for (let cursor = ''; ; ) {
      const { body } = await call<List>(own, `/v1/streams?limit=2${cursor}`)
      seen.push(...ids(body))
      if (body.nextCursor === null) break
      cursor = `&cursor=${body.nextCursor}`
    }
    assert.deepEqual(seen, expected.sort().reverse())
  } finally {
    await own[Symbol.asyncDispose]()
  }
})

test('pages do not shift when a stream goes live in between', async () => {
  const first = await list('?limit=2')
  const newest = await liveStream(control)
  const second = await list(`?limit=2&cursor=${first.nextCursor}`)
  assert.ok(!ids(second).some((id) => ids(first).includes(id) || id === newest.id))
})

test('refuses a cursor that the list has not returned', async () => {
  const wrong = [
    '',
    'x',
    'MQ',
    Buffer.from('1.short').toString('base64url'),
    Buffer.from(`9e99.${'a'.repeat(20)}`).toString('base64url'),
  ]
  for (const cursor of wrong) {
    const { body } = await refused(control, `/v1/streams?cursor=${cursor}`, {}, 400, 'validation_failed')
    assert.deepEqual(
      body.errors?.map((error) => [error.in, error.field]),
      [['query', 'cursor']],
    )
  }
  // Well-formed cursors far in the future or the past are accepted.
  for (const time of ['8640000000000000', '0']) {
    const cursor = Buffer.from(`${time}.${'a'.repeat(20)}`).toString('base64url')
    assert.equal((await call(control, `/v1/streams?cursor=${cursor}`)).status, 200)
  }
})

test('following events from lastEventId brings exactly what the list does not show yet', async () => {
  const seen = await list()
  const later = await liveStream(control, 'later')
  await using reader = await SseReader.open(`${control.apiUrl}/v1/events?lastEventId=${seen.lastEventId}`)
  await reader.frame('stream.live', (frame) => (frame.data.stream as { id: string }).id === later.id)
  assert.equal(reader.frames.length, 1, 'nothing that the list already shows')
  assert.equal((await list()).lastEventId, reader.frames[0]?.id)
})

test('lastEventId and the list are from the same moment, while streams go live', async () => {
  const streams = await Promise.all(Array.from({ length: 12 }, () => createStream(control)))
  let done = false
  const going = Promise.all(streams.map((stream) => goLive(control, stream))).finally(() => {
    done = true
  })
  const snapshots: List[] = []
  while (!done) snapshots.push(await list('?limit=100'))
  await going
  const rows = await control.database.query("SELECT id, stream_id FROM events WHERE type = 'stream.live'")
  for (const { data, lastEventId } of snapshots) {
    const shown = new Set(data.map((stream) => stream.id))
    for (const row of rows) {
      assert.equal(
        shown.has(String(row.stream_id)),
        Number(row.id) <= Number(lastEventId),
        `${row.id} at ${lastEventId}`,
      )
    }
  }
})
