import assert from 'node:assert/strict'
import { connect } from 'node:net'
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
  test('is an event stream that is not cached or buffered and that any page can read', async () => {
    await using reader = await follow('', { origin: 'https://page.example' })
    const { status, headers } = reader.response
    assert.equal(status, 200)
    assert.match(headers.get('content-type') ?? '', /^text\/event-stream/)
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('x-accel-buffering'), 'no')
    assert.equal(headers.get('access-control-allow-origin'), '*')
  })

  test('begins with the reconnection time', async () => {
    await using reader = await follow()
    await until('the first bytes', () => reader.text !== '')
    assert.match(reader.text, /^retry: \d+\n\n/)
  })

  test('comes after that of the request before it on the same connection', async () => {
    const { port } = new URL(control.apiUrl)
    const socket = connect(Number(port), '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    socket.write(
      'GET /v1/streams HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n',
    )
    await until('both responses', () => text.includes('retry: '))
    assert.match(
      text,
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*"nextCursor"[\s\S]*\}HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nretry: \d+\n\n$/,
    )
    await liveStream(control)
    await until('an event', () => text.includes('event: stream.live\n'))
    socket.destroy()
  })

  test('arrives when the subscription is in place: no event after it is missed', async () => {
    for (let round = 0; round < 5; round++) {
      await using reader = await follow()
      const { id } = await liveStream(control)
      await reader.frame('stream.live', (frame) => (frame.data.stream as { id: string }).id === id)
    }
  })
})

describe('a frame', () => {
  test('has the event’s id and type, and the same stream as REST', async () => {
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

  test('says `resumed` for a stream that was live before', async () => {
    const { id, streamKey } = await liveStream(control)
    await using reader = await follow(`?stream=${id}`)
    await gone(id)
    await goLive(control, { ...(await readStream(control, id)), streamKey }, 2)
    const frame = await reader.frame('stream.live')
    assert.equal(frame.data.resumed, true)
    assert.deepEqual(
      reader.types,
      ['stream.reconnecting', 'stream.live'],
      'readmitting the publisher is no event',
    )
  })
})

describe('filters', () => {
  test('without `stream`: events of streams that have been live; with it: all events of that stream', async () => {
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
    // A reader that catches up later gets the same frames.
    await using later = await follow(`?lastEventId=${from}`)
    await later.frame('stream.ended')
    assert.deepEqual(
      later.frames.map(({ data }) => data),
      everybody.frames.map(({ data }) => data),
    )
  })

  test('`types` leaves out other types, in new events and in stored ones', async () => {
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

  test('an unknown stream is answered with 404', async () => {
    for (const id of ['n'.repeat(20), 'x', '%C3%A9', '']) {
      await refused(control, `/v1/events?stream=${id}`, {}, 404, 'stream_not_found')
    }
    const { id } = await createStream(control)
    await refused(control, `/v1/events?stream=${id}%20`, {}, 404, 'stream_not_found')
  })
})

describe('the starting point', () => {
  test('without a cursor is now', async () => {
    await liveStream(control)
    const from = await head()
    await using reader = await follow()
    const { id } = await liveStream(control)
    await reader.frame('stream.live')
    assert.deepEqual(streamIds(reader), [id])
    assert.ok(idsOf(reader).every((event) => event > from))
  })

  test('with 0 is the oldest stored event', async () => {
    await using reader = await follow('?lastEventId=0')
    const all = await control.database.query('SELECT id FROM events WHERE was_live ORDER BY id')
    await until('all of it', () => reader.frames.length === all.length)
    assert.deepEqual(
      idsOf(reader),
      all.map((row) => Number(row.id)),
    )
  })

  test('is taken from the header before the query: a browser that reconnects sends both', async () => {
    const old = await head()
    await liveStream(control)
    const recent = await head()
    const { id } = await liveStream(control)
    await using reader = await follow(`?lastEventId=${old}`, { 'last-event-id': String(recent) })
    await reader.frame('stream.live')
    assert.deepEqual(streamIds(reader), [id])
    // A browser that has seen no id may send an empty header: it counts as none.
    await using fresh = await follow(`?lastEventId=${old}`, { 'last-event-id': '' })
    await until('from the query’s', () => fresh.frames.length === 2)
  })

  test('at the head of the log: only new events', async () => {
    await using reader = await follow(`?lastEventId=${await head()}`)
    await liveStream(control)
    await reader.frame('stream.live')
    assert.equal(reader.frames.length, 1)
  })
})

describe('a cursor outside the log', () => {
  async function isReset(reader: SseReader): Promise<void> {
    const at = String(await head())
    await reader.frame('reset')
    const { id } = await liveStream(control)
    await reader.frame('stream.live', (frame) => (frame.data.stream as { id: string }).id === id)
    assert.deepEqual(reader.types, ['reset', 'stream.live'])
    assert.equal(reader.frames[0]?.id, at)
    assert.ok(idsOf(reader).every((event, index, all) => index === 0 || event > (all[index - 1] ?? 0)))
  }

  test('in the future: one reset to the head, then new events', async () => {
    await using reader = await follow(`?lastEventId=${(await head()) + 1}`)
    await isReset(reader)
    await using far = await follow('', { 'last-event-id': '999999999999999' })
    await isReset(far)
  })

  test('older than the oldest stored event: one reset to the head, then new events; 0 is never reset', async () => {
    const floor = await head()
    await control.database.query('DELETE FROM events WHERE id <= ?', [floor])
    await control.database.query('UPDATE event_sequence SET pruned = ?', [floor])
    control.context.feed.poke()
    await until('the feed to see it', () => control.context.feed.pruned === floor)
    const { id } = await liveStream(control)
    await using old = await follow(`?lastEventId=${floor - 1}`)
    await isReset(old)
    await using own = await follow(`?stream=${id}&lastEventId=${floor - 1}`)
    await own.frame('reset')
    await using edge = await follow(`?lastEventId=${floor}`)
    await until('the events after it', () => edge.frames.length === 2)
    await using zero = await follow('?lastEventId=0')
    await until('the same from 0', () => zero.frames.length === 2)
    for (const reader of [edge, zero]) assert.ok(!reader.types.includes('reset'))
  })

  test('that is malformed is answered with 400', async () => {
    await refused(control, '/v1/events?lastEventId=x', {}, 400, 'validation_failed')
    assert.equal((await call(control, '/v1/events', { headers: { 'last-event-id': '-5' } })).status, 400)
  })
})
