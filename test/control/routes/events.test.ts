import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { StreamEventSchema } from '../../../apps/control/api/event-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'
import { call, createStream, goLive, liveStream, put, readStream, refused } from '../support/api.ts'

let control: TestControl
before(async () => {
  control = await startControl({ env: { CORS_ORIGINS: '*' } })
})
after(() => control[Symbol.asyncDispose]())

const follow = (query = '', headers: Record<string, string> = {}) =>
  SseReader.open(`${control.apiUrl}/v1/events${query}`, headers)
const head = async () => (await control.context.log.bounds()).head
const streamIds = (reader: SseReader) => reader.frames.map(({ data }) => (data.stream as { id: string }).id)
const idsOf = (reader: SseReader) => reader.frames.map((frame) => Number(frame.id))
const end = (id: string) => put(control, id, { kind: 'end-requested', by: 'owner' })
const gone = (id: string) =>
  put(control, id, { kind: 'publisher-gone', session: { nodeId: 'test', nginx: null, clientId: 1 } })

describe('the response', () => {
  test('is an event stream that nobody stores or buffers, open to any page', async () => {
    await using reader = await follow('', { origin: 'https://page.example' })
    const { status, headers } = reader.response
    assert.equal(status, 200)
    assert.match(headers.get('content-type') ?? '', /^text\/event-stream/)
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('x-accel-buffering'), 'no')
    assert.equal(headers.get('access-control-allow-origin'), '*')
  })

  test('begins with how long to wait before coming back', async () => {
    await using reader = await follow()
    await until('the first bytes', () => reader.text !== '')
    assert.match(reader.text, /^retry: \d+\n\n/)
  })

  test('is there when the subscription is: what happens then is not missed', async () => {
    for (let round = 0; round < 5; round++) {
      await using reader = await follow()
      const { id } = await liveStream(control)
      await reader.frame('stream.live', (frame) => (frame.data.stream as { id: string }).id === id)
    }
  })
})

describe('a frame', () => {
  test('has the event’s id and type, and the stream as REST shows it', async () => {
    const issued = await createStream(control, { title: 'Grüße\n🎥' })
    await using reader = await follow(`?stream=${issued.id}`)
    await goLive(control, issued)
    const frame = await reader.frame('stream.live')
    assert.deepEqual(frame.data, {
      id: frame.id,
      type: 'stream.live',
      createdAt: (frame.data.stream as { liveAt: string }).liveAt,
      stream: await readStream(control, issued.id),
      resumed: false,
    })
    assert.deepEqual(StreamEventSchema.parse(frame.data), frame.data)
    assert.ok(reader.text.includes(`id: ${frame.id}\nevent: stream.live\ndata: {"id":"${frame.id}",`))
  })

  test('says of a stream that was live before that it has resumed', async () => {
    const { id, streamKey } = await liveStream(control)
    await using reader = await follow(`?stream=${id}`)
    await gone(id)
    await goLive(control, { ...(await readStream(control, id)), streamKey }, 2)
    const frame = await reader.frame('stream.live')
    assert.equal(frame.data.resumed, true)
    assert.deepEqual(reader.types, ['stream.reconnecting', 'stream.live'], 'being let back in is no event')
  })
})

describe('who gets what', () => {
  test('everybody gets the events of streams that have been live, a stream’s own reader all of it', async () => {
    const from = await head()
    await using everybody = await follow()
    const issued = await createStream(control)
    const never = await createStream(control)
    await using own = await follow(`?stream=${issued.id}&lastEventId=${from}`)
    await goLive(control, issued)
    await gone(issued.id)
    await end(never.id)
    await end(issued.id)
    await everybody.frame('stream.ended')
    await own.frame('stream.ended')
    const lifelong = ['stream.live', 'stream.reconnecting', 'stream.ended']
    assert.deepEqual(everybody.types, lifelong)
    assert.deepEqual(own.types, ['stream.created', 'stream.connecting', ...lifelong])
    assert.ok(everybody.frames.every((frame) => (frame.data.stream as { liveAt: unknown }).liveAt !== null))
    // What is read later is what was sent live.
    await using later = await follow(`?lastEventId=${from}`)
    await later.frame('stream.ended')
    assert.deepEqual(
      later.frames.map(({ data }) => data),
      everybody.frames.map(({ data }) => data),
    )
  })

  test('`types` leaves out the others, live and from the log', async () => {
    const from = await head()
    await using live = await follow('?types=stream.live,stream.ended')
    const { id } = await liveStream(control)
    await gone(id)
    await end(id)
    await live.frame('stream.ended')
    await using replay = await follow(`?types=stream.live,stream.ended&lastEventId=${from}`)
    await replay.frame('stream.ended')
    for (const reader of [live, replay]) assert.deepEqual(reader.types, ['stream.live', 'stream.ended'])
    await using one = await follow(`?stream=${id}&types=stream.created&lastEventId=${from}`)
    await one.frame('stream.created')
    assert.equal(one.frames.length, 1)
  })

  test('a stream that is not there is a 404, not an endless silence', async () => {
    for (const id of ['n'.repeat(20), 'x', '%C3%A9', '']) {
      await refused(control, `/v1/events?stream=${id}`, {}, 404, 'stream_not_found')
    }
    const { id } = await createStream(control)
    await refused(control, `/v1/events?stream=${id}%20`, {}, 404, 'stream_not_found')
  })
})

describe('where it begins', () => {
  test('without a cursor: now', async () => {
    await liveStream(control)
    const from = await head()
    await using reader = await follow()
    const { id } = await liveStream(control)
    await reader.frame('stream.live')
    assert.deepEqual(streamIds(reader), [id])
    assert.ok(idsOf(reader).every((event) => event > from))
  })

  test('with 0: at the oldest that is kept', async () => {
    await using reader = await follow('?lastEventId=0')
    const all = await control.database.query('SELECT id FROM events WHERE was_live ORDER BY id')
    await until('all of it', () => reader.frames.length === all.length)
    assert.deepEqual(
      idsOf(reader),
      all.map((row) => Number(row.id)),
    )
  })

  test('the header goes before the query: a browser comes back with both', async () => {
    const old = await head()
    await liveStream(control)
    const recent = await head()
    const { id } = await liveStream(control)
    await using reader = await follow(`?lastEventId=${old}`, { 'last-event-id': String(recent) })
    await reader.frame('stream.live')
    assert.deepEqual(streamIds(reader), [id])
    // An empty header is what a browser that has seen no id may send: none.
    await using fresh = await follow(`?lastEventId=${old}`, { 'last-event-id': '' })
    await until('from the query’s', () => fresh.frames.length === 2)
  })

  test('at the head: nothing old, everything new', async () => {
    await using reader = await follow(`?lastEventId=${await head()}`)
    await liveStream(control)
    await reader.frame('stream.live')
    assert.equal(reader.frames.length, 1)
  })
})

describe('a cursor that the log does not have', () => {
  async function isReset(reader: SseReader): Promise<void> {
    const at = String(await head())
    await reader.frame('reset')
    const { id } = await liveStream(control)
    await reader.frame('stream.live', (frame) => (frame.data.stream as { id: string }).id === id)
    assert.deepEqual(reader.types, ['reset', 'stream.live'])
    assert.equal(reader.frames[0]?.id, at)
    assert.ok(idsOf(reader).every((event, index, all) => index === 0 || event > (all[index - 1] ?? 0)))
  }

  test('from the future: one reset to the head, and on it goes', async () => {
    await using reader = await follow(`?lastEventId=${(await head()) + 1}`)
    await isReset(reader)
    await using far = await follow('', { 'last-event-id': '999999999999999' })
    await isReset(far)
  })

  test('older than what is kept: one reset to the head, and on it goes; 0 is the oldest kept', async () => {
    const floor = await head()
    await control.database.query('DELETE FROM events WHERE id <= ?', [floor])
    await control.database.query('UPDATE event_sequence SET pruned = ?', [floor])
    const { id } = await liveStream(control)
    await using old = await follow(`?lastEventId=${floor - 1}`)
    await isReset(old)
    await using own = await follow(`?stream=${id}&lastEventId=${floor - 1}`)
    await own.frame('reset')
    await using edge = await follow(`?lastEventId=${floor}`)
    await until('what is behind the edge', () => edge.frames.length === 2)
    await using zero = await follow('?lastEventId=0')
    await until('the same from 0', () => zero.frames.length === 2)
    for (const reader of [edge, zero]) assert.ok(!reader.types.includes('reset'))
  })

  test('that is no cursor at all is a 400 before anything is sent', async () => {
    await refused(control, '/v1/events?lastEventId=x', {}, 400, 'validation_failed')
    assert.equal((await call(control, '/v1/events', { headers: { 'last-event-id': '-5' } })).status, 400)
  })
})
