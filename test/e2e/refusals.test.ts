// Who is not let in, seen from the encoder.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Encoder } from '../support/encoder.ts'
import { SseReader } from '../support/sse.ts'
import { TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let stack: TestStack

before(async () => {
  stack = await TestStack.start({ STREAM_KEY_TTL: '8' })
})

after(async () => {
  await stack?.[Symbol.asyncDispose]()
})

async function isRefused(key: string): Promise<void> {
  await using encoder = new Encoder(`${stack.rtmpUrl}/${key}`)
  await encoder.exited()
}

test('refuses a key that was never issued', async () => {
  const { streamKey } = await stack.create()
  await isRefused('live_0000000000000000000000000000')
  await isRefused(`${streamKey.value.slice(0, -1)}${streamKey.value.endsWith('A') ? 'B' : 'A'}`)
  await isRefused('')
})

test('refuses a key after its time, and the stream says why it ended', async () => {
  const stream = await stack.create()
  const ended = await stack.reaches(stream.id, 'ended', 20_000)
  assert.equal(ended.endReason, 'key_expired')
  assert.equal(ended.connectedAt, null)
  await isRefused(stream.streamKey.value)
})

test('a broadcast continues after its key’s ten minutes', async () => {
  const stream = await stack.create()
  await using encoder = new Encoder(`${stack.rtmpUrl}/${stream.streamKey.value}`)
  await stack.reaches(stream.id, 'live')
  const expiry = Date.parse(stream.streamKey.expiresAt)
  await until('the key’s time to be over', () => Date.now() > expiry + 1_000)
  assert.equal((await stack.stream(stream.id)).status, 'live')
  assert.ok(encoder.running)
})

test('refuses a second publisher with the same key and leaves the first alone', async () => {
  const stream = await stack.create()
  await using reader = await SseReader.open(`${stack.url}/v1/events?stream=${stream.id}&lastEventId=0`)
  await using first = new Encoder(`${stack.rtmpUrl}/${stream.streamKey.value}`)
  await stack.reaches(stream.id, 'live')
  await isRefused(stream.streamKey.value)
  // Once more when nginx is asked what it has.
  const connectedAt = Date.parse((await stack.stream(stream.id)).connectedAt ?? '')
  await until('the session to be settled', () => Date.now() > connectedAt + 5_500)
  await isRefused(stream.streamKey.value)
  assert.ok(first.running)
  assert.equal((await stack.stream(stream.id)).status, 'live')
  assert.deepEqual(reader.types, ['stream.created', 'stream.connecting', 'stream.live'])
})

test('fields that are forged after the key change nothing', async () => {
  const victim = await stack.create()
  const stream = await stack.create()
  const forged = `?name=${victim.streamKey.value}&clientid=1&addr=9.9.9.9&call=publish_done&app=hls`
  await using encoder = new Encoder(`${stack.rtmpUrl}/${stream.streamKey.value}${forged}`)
  await stack.reaches(stream.id, 'live')
  assert.equal((await stack.stream(victim.id)).connectedAt, null)
  await encoder.stop()
  await stack.reaches(stream.id, 'reconnecting')
  assert.ok(!stack.output.includes('9.9.9.9'))
})

test('a replaced key is refused, the new one is accepted', async () => {
  const stream = await stack.create()
  const response = await stack.manage(stream.id, 'stream-key', stream.streamKey.value)
  assert.equal(response.status, 201)
  const issued = (await response.json()) as { value: string }
  await isRefused(stream.streamKey.value)
  assert.equal((await stack.stream(stream.id)).status, 'waiting')
  await using _encoder = new Encoder(`${stack.rtmpUrl}/${issued.value}`)
  await stack.reaches(stream.id, 'live')
  assert.equal((await stack.manage(stream.id, 'stream-key', issued.value)).status, 409)
})
