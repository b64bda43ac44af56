import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { IssuedStreamResource, StreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import {
  call,
  createStream,
  fieldsOf,
  liveStream,
  publish,
  put,
  readStream,
  refused,
} from '../support/api.ts'
import { TestClock } from '../support/clock.ts'

const TOKEN = 'a-token-of-the-operators'
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const clock = new TestClock()
let control: TestControl
before(async () => {
  const env = {
    PUBLIC_URL: 'https://tv.example/',
    RTMP_URL: 'rtmp://tv.example/live',
    API_TOKENS: `another-token-of-operators,${TOKEN}`,
  }
  control = await startControl({ now: clock.now, env })
})
after(() => control[Symbol.asyncDispose]())

const paths = (id: string) => ({
  stream: `/v1/streams/${id}`,
  key: `/v1/streams/${id}/stream-key`,
  end: `/v1/streams/${id}/end`,
})

describe('POST /v1/streams', () => {
  test('answers 201 with the stream, its URL and its key', async () => {
    const before = clock.now().getTime()
    const answer = await call<IssuedStreamResource>(control, '/v1/streams', {
      method: 'POST',
      json: { title: '  Grüße 🎥 ', record: true },
    })
    assert.equal(answer.status, 201)
    const { id, createdAt, streamKey } = answer.body
    assert.match(id, /^[0-9a-z]{20}$/)
    assert.match(createdAt, ISO)
    assert.equal(answer.headers.get('location'), `/v1/streams/${id}`)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.match(streamKey.value, /^live_[0-9A-Za-z]{28}$/)
    assert.equal(Date.parse(streamKey.expiresAt), Date.parse(createdAt) + 600_000)
    assert.ok(Date.parse(createdAt) >= before && Date.parse(createdAt) <= clock.now().getTime())
    assert.deepEqual(answer.body, {
      id,
      title: 'Grüße 🎥',
      status: 'waiting',
      createdAt,
      connectedAt: null,
      liveAt: null,
      endedAt: null,
      endReason: null,
      record: true,
      playback: {
        hls: `https://tv.example/hls/${id}/index.m3u8`,
        dash: `https://tv.example/dash/${id}/index.mpd`,
      },
      viewers: 0,
      recording: null,
      streamKey: { ...streamKey, ingestUrl: 'rtmp://tv.example/live' },
    })
  })

  test('needs no title, no `record` and no body at all', async () => {
    const json = { 'content-type': 'application/json' }
    for (const request of [
      {},
      { json: {} },
      { headers: json },
      { body: '', headers: json },
      { json: { title: ' ' } },
    ]) {
      const { status, body } = await call<StreamResource>(control, '/v1/streams', {
        method: 'POST',
        ...request,
      })
      assert.deepEqual([status, body.title, body.record], [201, null, false])
    }
  })

  test('counts a title in characters', async () => {
    const title = '🎥'.repeat(120)
    assert.equal((await createStream(control, { title })).title, title)
    const answer = await refused(
      control,
      '/v1/streams',
      { method: 'POST', json: { title: `${title}x` } },
      400,
      'validation_failed',
    )
    assert.deepEqual(fieldsOf(answer), ['body title'])
  })
})

describe('GET /v1/streams/:id', () => {
  test('shows a stream in any status to anybody, without its key', async () => {
    const issued = await createStream(control, { title: 'public' })
    const { streamKey, ...stream } = issued
    const statuses = ['waiting', 'connecting', 'live', 'reconnecting', 'ended']
    const session = { nodeId: 'test', nginx: '1-100', clientId: 4 }
    const steps = [
      () => publish(control, streamKey.value, 4),
      () => put(control, issued.id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date() }),
      () => put(control, issued.id, { kind: 'publisher-gone', session }),
      () => put(control, issued.id, { kind: 'end-requested', by: 'owner' }),
    ]
    for (const [index, status] of statuses.entries()) {
      const answer = await call<StreamResource>(control, paths(issued.id).stream)
      assert.deepEqual([answer.status, answer.body.status], [200, status])
      assert.deepEqual(Object.keys(answer.body), Object.keys(stream))
      assert.ok(!answer.text.includes('live_') && !answer.text.includes('streamKey'), answer.text)
      await steps[index]?.()
    }
    const { connectedAt, liveAt, endedAt, endReason } = await readStream(control, issued.id)
    for (const time of [connectedAt, liveAt, endedAt]) assert.match(time ?? '', ISO)
    assert.equal(endReason, 'ended_by_owner')
  })

  test('tells its owner and operators when the key expires, but not the key', async () => {
    const { id, streamKey } = await createStream(control)
    const { value, ...shown } = streamKey
    for (const token of [value, TOKEN]) {
      const answer = await call<StreamResource>(control, paths(id).stream, { token })
      assert.deepEqual(answer.body.streamKey, shown)
      assert.ok(!answer.text.includes(value))
    }
  })

  test('shows no more with wrong credentials than without', async () => {
    const [{ id }, other] = [await createStream(control), await createStream(control)]
    for (const token of [other.streamKey.value, 'nonsense']) {
      const { status, body } = await call<StreamResource>(control, paths(id).stream, { token })
      assert.deepEqual([status, body.streamKey], [200, undefined])
    }
  })

  test('answers 404 for an unknown stream', async () => {
    for (const id of [
      'n'.repeat(20),
      'short',
      '%C3%A9',
      '%F0%9F%98%80',
      '%00',
      `${(await createStream(control)).id}%20`,
    ]) {
      await refused(control, paths(id).stream, {}, 404, 'stream_not_found')
    }
  })
})

describe('POST /v1/streams/:id/stream-key', () => {
  test('issues a new key with a new ten minutes, and the old key is refused', async () => {
    const { id, streamKey } = await createStream(control)
    clock.advance(60_000)
    const answer = await call<IssuedStreamResource['streamKey']>(control, paths(id).key, {
      method: 'POST',
      token: streamKey.value,
    })
    assert.equal(answer.status, 201)
    assert.notEqual(answer.body.value, streamKey.value)
    assert.equal(answer.body.ingestUrl, streamKey.ingestUrl)
    const longer = Date.parse(answer.body.expiresAt) - Date.parse(streamKey.expiresAt)
    assert.ok(longer >= 60_000 && longer < 120_000, `${longer} ms`)
    assert.equal((await publish(control, streamKey.value)).status, 403)
    assert.deepEqual(await publish(control, answer.body.value), { status: 302, location: id })
  })

  test('is refused unless the stream is waiting', async () => {
    const live = await liveStream(control)
    const request = { method: 'POST', token: live.streamKey.value }
    await refused(control, paths(live.id).key, request, 409, 'stream_not_waiting')
    await put(control, live.id, { kind: 'end-requested', by: 'owner' })
    await refused(control, paths(live.id).key, request, 409, 'stream_not_waiting')
  })

  test('is refused after the ten minutes, even before the stream has been ended', async () => {
    const { id, streamKey } = await createStream(control)
    clock.advance(600_000)
    await refused(
      control,
      paths(id).key,
      { method: 'POST', token: streamKey.value },
      409,
      'stream_not_waiting',
    )
  })
})

describe('POST /v1/streams/:id/end', () => {
  test('ends a stream for its owner, and ending it again is not an error', async () => {
    const { id, streamKey } = await liveStream(control)
    const request = { method: 'POST', token: streamKey.value }
    const first = await call<StreamResource>(control, paths(id).end, request)
    assert.deepEqual(
      [first.status, first.body.status, first.body.endReason],
      [200, 'ended', 'ended_by_owner'],
    )
    assert.match(first.body.endedAt ?? '', ISO)
    clock.advance(1_000)
    const again = await call<StreamResource>(control, paths(id).end, { ...request, token: TOKEN })
    assert.deepEqual([again.status, again.body], [200, first.body])
    assert.ok(!first.text.includes('live_'))
  })

  test('ends a stream for an operator, with `ended_by_operator`', async () => {
    const { id } = await createStream(control)
    const { body } = await call<StreamResource>(control, paths(id).end, { method: 'POST', token: TOKEN })
    assert.equal(body.endReason, 'ended_by_operator')
  })
})

test('a stream whose key has expired ends without any request', async () => {
  const { id } = await createStream(control)
  clock.advance(600_000)
  await control.context.reconciler.round()
  const { status, endReason } = await readStream(control, id)
  assert.deepEqual([status, endReason], ['ended', 'key_expired'])
})
