// A leaked key of a stream that is on air is replaced, and its publisher stays.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import {
  call,
  createStream,
  fieldsOf,
  publish,
  publishDone,
  put,
  readStream,
  refused,
} from '../support/api.ts'
import { TestClock } from '../support/clock.ts'
import { FakeNginx } from '../support/fake-nginx.ts'

const REFUSED = { status: 403, location: null }
const KEEP = { keepPublishing: true }
const clock = new TestClock()
let nginx: FakeNginx
let control: TestControl
let issued: IssuedStreamResource
let path = ''
before(async () => {
  nginx = await FakeNginx.start()
  control = await startControl({ now: clock.now, env: { NGINX_URL: nginx.url } })
})
after(async () => {
  await control[Symbol.asyncDispose]()
  await nginx[Symbol.asyncDispose]()
})
let clientId = 0
beforeEach(async () => {
  issued = await createStream(control)
  path = `/v1/streams/${issued.id}/stream-key`
  clientId += 10
  await publish(control, issued.streamKey.value, clientId)
  nginx.publish(issued.id, clientId)
  await put(control, issued.id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date() })
})

interface Key {
  readonly value: string
  readonly expiresAt: string | null
}

async function replace(): Promise<Key> {
  const request = { method: 'POST', token: issued.streamKey.value, json: KEEP }
  const { status, body, text } = await call<Key>(control, path, request)
  assert.equal(status, 201, text)
  return body
}

const lose = (key: string) => {
  nginx.leave(issued.id)
  return publishDone(control, key, clientId)
}

test('the publisher stays, the new key is the owner’s, the old one proves nothing', async () => {
  const before = await readStream(control, issued.id)
  const key = await replace()
  assert.notEqual(key.value, issued.streamKey.value)
  assert.equal(key.expiresAt, null, 'it has nothing to start, so it does not expire')
  assert.deepEqual(await readStream(control, issued.id), before)
  assert.deepEqual(nginx.drops, [])
  await control.context.reconciler.round()
  assert.equal((await control.context.store.find(issued.id))?.session?.clientId, clientId)
  const end = `/v1/streams/${issued.id}/end`
  await refused(control, end, { method: 'POST', token: issued.streamKey.value }, 401, 'unauthorized')
  assert.equal((await call(control, end, { method: 'POST', token: key.value })).status, 200)
})

test('within the reconnect window only the new key lets the streamer back in, even after ten minutes', async () => {
  const key = await replace()
  clock.advance(700_000)
  // nginx reports the loss with the key that the publisher came with.
  await lose(issued.streamKey.value)
  assert.equal((await readStream(control, issued.id)).status, 'reconnecting')
  assert.deepEqual(await publish(control, issued.streamKey.value, clientId + 1), REFUSED)
  const back = await publish(control, key.value, clientId + 2)
  assert.deepEqual(back, { status: 302, location: issued.id })
})

test('the old key lets nobody in while the publisher is connected, or takes its place', async () => {
  await replace()
  clock.advance(6_000)
  assert.deepEqual(await publish(control, issued.streamKey.value, clientId + 1), REFUSED)
  nginx.leave(issued.id)
  assert.deepEqual(await publish(control, issued.streamKey.value, clientId + 2), REFUSED)
  assert.equal((await control.context.store.find(issued.id))?.session?.clientId, clientId)
})

test('a key can be replaced within the reconnect window', async () => {
  await lose(issued.streamKey.value)
  const key = await replace()
  assert.deepEqual(await publish(control, issued.streamKey.value, clientId + 1), REFUSED)
  assert.equal((await publish(control, key.value, clientId + 2)).status, 302)
})

test('the loss is noticed at once when the key was replaced twice', async () => {
  const { value } = await replace()
  const request = { method: 'POST', token: value, json: KEEP }
  assert.equal((await call(control, path, request)).status, 201)
  await lose(issued.streamKey.value)
  assert.equal((await readStream(control, issued.id)).status, 'reconnecting')
})

test('without being asked to keep the publisher it is refused, and the answer says how', async () => {
  const token = issued.streamKey.value
  for (const request of [{}, { json: {} }, { json: { keepPublishing: false } }]) {
    const { body } = await refused(
      control,
      path,
      { method: 'POST', token, ...request },
      409,
      'stream_not_waiting',
    )
    assert.match(body.detail, /"keepPublishing": true/)
  }
  assert.equal((await control.context.store.find(issued.id))?.replacedKeyHash, null)
  const odd = await refused(
    control,
    path,
    { method: 'POST', token, json: { keepPublishing: 'yes', x: 1 } },
    400,
    'validation_failed',
  )
  assert.deepEqual(fieldsOf(odd), ['body keepPublishing', 'body x'])
})

test('an ended stream gets no new key', async () => {
  await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
  const request = { method: 'POST', token: issued.streamKey.value, json: KEEP }
  const { body } = await refused(control, path, request, 409, 'stream_not_waiting')
  assert.match(body.detail, /Create a new stream/)
})

test('a waiting stream’s new key has its ten minutes', async () => {
  const waiting = await createStream(control)
  const request = { method: 'POST', token: waiting.streamKey.value, json: KEEP }
  const { body } = await call<Key>(control, `/v1/streams/${waiting.id}/stream-key`, request)
  assert.ok(Date.parse(body.expiresAt ?? '') > clock.now().getTime() + 590_000)
})
