// What is watched follows from the rows of the database: a watch that nothing asks for is let go.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { call, createStream, publish, put } from '../support/api.ts'
import { FakeNginx } from '../support/fake-nginx.ts'

let nginx: FakeNginx
let control: TestControl
let other: TestControl
before(async () => {
  nginx = await FakeNginx.start()
  control = await startControl({ env: { NGINX_URL: nginx.url } })
  other = await startControl({ database: control.database, env: { NODE_ID: 'other' } })
})
after(async () => {
  await other[Symbol.asyncDispose]()
  await control[Symbol.asyncDispose]()
  await nginx[Symbol.asyncDispose]()
})
beforeEach(() => nginx.answerAll())

const round = () => control.context.reconciler.round()
const watched = () => control.context.watcher.watchedCount

async function connecting(): Promise<IssuedStreamResource> {
  const issued = await createStream(control)
  assert.equal((await publish(control, issued.streamKey.value)).status, 302)
  nginx.publish(issued.id, 1)
  return issued
}

test('the watch of a stream that is ended through another node is let go', async () => {
  const { id, streamKey } = await connecting()
  assert.equal(watched(), 1)
  const end = { method: 'POST', token: streamKey.value }
  assert.equal((await call(other, `/v1/streams/${id}/end`, end)).status, 200)
  await round()
  assert.equal(watched(), 0)
  assert.ok(!existsSync(join(control.hlsDir, id, '.awaited')))
})

test('a watch that a round begins just as its stream goes live is let go in the next', async () => {
  const { id } = await connecting()
  // The stream goes live between the round's reading and its watching.
  const { store } = control.context
  const openOnNode = store.openOnNode.bind(store)
  store.openOnNode = async (nodeId) => {
    const open = await openOnNode(nodeId)
    await put(control, id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date() })
    return open
  }
  await round()
  store.openOnNode = openOnNode
  assert.equal(watched(), 1, 'the race has been lost')
  await round()
  assert.equal(watched(), 0)
})

test('a publisher that is let in while a round is reading keeps its watch', async () => {
  const { store } = control.context
  const openOnNode = store.openOnNode.bind(store)
  store.openOnNode = async (nodeId) => {
    const open = await openOnNode(nodeId)
    await connecting()
    return open
  }
  await round()
  store.openOnNode = openOnNode
  assert.equal(watched(), 1)
  await round()
  assert.equal(watched(), 1)
})
