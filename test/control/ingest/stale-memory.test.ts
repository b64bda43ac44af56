// What control remembers of a stream may be out of date: other nodes write to the same database.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { call, createStream, publish, publishDone, readStream } from '../support/api.ts'
import { FakeNginx } from '../support/fake-nginx.ts'

let nginx: FakeNginx
/** Creates the streams, and remembers them as they were at creation. */
let maker: TestControl
let other: TestControl
before(async () => {
  nginx = await FakeNginx.start()
  maker = await startControl({ env: { NODE_ID: 'maker', NGINX_URL: nginx.url } })
  other = await startControl({ database: maker.database, env: { NODE_ID: 'other' } })
})
after(async () => {
  await other[Symbol.asyncDispose]()
  await maker[Symbol.asyncDispose]()
  await nginx[Symbol.asyncDispose]()
})
beforeEach(() => {
  nginx.ignoresDrops = false
})

/** A stream whose publisher was admitted on the other node, and has left. */
async function lostElsewhere(): Promise<IssuedStreamResource> {
  const issued = await createStream(maker)
  assert.equal((await publish(other, issued.streamKey.value, 1)).status, 302)
  await publishDone(other, issued.streamKey.value, 1)
  return issued
}

test('a publisher that was admitted on another node returns only after nginx was asked', async () => {
  const { id, streamKey } = await lostElsewhere()
  nginx.publish(id, 5)
  nginx.ignoresDrops = true
  assert.equal((await publish(maker, streamKey.value, 2)).status, 403)
  nginx.leave(id)
  assert.deepEqual(await publish(maker, streamKey.value, 2), { status: 302, location: id })
})

test('a key that was rotated on another node is refused, and the new one is accepted', async () => {
  const issued = await createStream(maker)
  const old = issued.streamKey.value
  const path = `/v1/streams/${issued.id}/stream-key`
  const { body } = await call<{ value: string }>(other, path, { method: 'POST', token: old })
  assert.equal((await publish(maker, old, 1)).status, 403)
  assert.equal((await publish(maker, body.value, 1)).status, 302)
})

test('the key of a stream that was ended on another node is refused, and its directory is not kept', async () => {
  const { id, streamKey } = await createStream(maker)
  await call(other, `/v1/streams/${id}/end`, { method: 'POST', token: streamKey.value })
  assert.equal((await publish(maker, streamKey.value, 1)).status, 403)
  assert.equal((await readStream(maker, id)).status, 'ended')
  assert.ok(!existsSync(join(maker.hlsDir, id, '.awaited')))
})
