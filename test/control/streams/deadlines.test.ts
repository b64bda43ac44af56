import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { SseReader } from '../../support/sse.ts'
import { call, createStream, goLive, liveStream, put, readStream } from '../support/api.ts'

let control: TestControl
before(async () => {
  control = await startControl({ env: { STREAM_KEY_TTL: '0.5', RECONNECT_WINDOW: '0.5' } })
})
after(() => control[Symbol.asyncDispose]())

const gone = (id: string) =>
  put(control, id, { kind: 'publisher-gone', session: { nodeId: 'test', nginx: null, clientId: 1 } })

test('a stream ends when its stream key expires, without any request', async () => {
  const { id, streamKey } = await createStream(control)
  await using reader = await SseReader.open(`${control.apiUrl}/v1/events?stream=${id}`)
  const { data } = await reader.frame('stream.ended')
  const stream = await readStream(control, id)
  assert.deepEqual(data.stream, stream)
  assert.equal(stream.endReason, 'key_expired')
  assert.ok(Date.parse(stream.endedAt ?? '') >= Date.parse(streamKey.expiresAt))
})

test('once a new stream key is issued, only its expiry counts', async () => {
  const { id, streamKey } = await createStream(control)
  await using reader = await SseReader.open(`${control.apiUrl}/v1/events?stream=${id}`)
  const request = { method: 'POST', token: streamKey.value }
  const { body } = await call<{ expiresAt: string }>(control, `/v1/streams/${id}/stream-key`, request)
  await reader.frame('stream.ended')
  const { endedAt } = await readStream(control, id)
  assert.ok(Date.parse(endedAt ?? '') >= Date.parse(body.expiresAt))
})

test('a stream whose publisher is gone ends when the reconnect window is over', async () => {
  const { id } = await liveStream(control)
  await using reader = await SseReader.open(`${control.apiUrl}/v1/events?stream=${id}`)
  await gone(id)
  await reader.frame('stream.ended')
  assert.equal((await readStream(control, id)).endReason, 'publisher_gone')
})

test('a live stream outlives its stream key, and a reconnect window in which its publisher came back', async () => {
  const issued = await createStream(control)
  await goLive(control, issued)
  await gone(issued.id)
  await goLive(control, issued, 2)
  // Two other streams whose deadlines come later than this one's would.
  for (let n = 0; n < 2; n++) {
    const { id } = await createStream(control)
    await using reader = await SseReader.open(`${control.apiUrl}/v1/events?stream=${id}&lastEventId=0`)
    await reader.frame('stream.ended')
  }
  assert.equal((await readStream(control, issued.id)).status, 'live')
})

for (const hours of [1, -1]) {
  test(`a deadline is reached in time when this machine’s clock is wrong by ${hours} h`, async () => {
    // The time that deadlines are in is the database's; seen from there, this machine's is wrong.
    const now = () => new Date(Date.now() - hours * 3_600_000)
    await using own = await startControl({ now, env: { STREAM_KEY_TTL: '0.5' } })
    const { id } = await createStream(own)
    const begin = performance.now()
    await using reader = await SseReader.open(`${own.apiUrl}/v1/events?stream=${id}&lastEventId=0`)
    await reader.frame('stream.ended', undefined, 5_000)
    const ms = performance.now() - begin
    assert.ok(ms > 300, `after ${ms} ms`)
  })
}
