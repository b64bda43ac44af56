import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startControl, type TestControl } from '../../support/control.ts'
import { until } from '../../support/until.ts'
import { createStream, publish, put } from '../support/api.ts'
import { TestClock } from '../support/clock.ts'
import { FakeNginx } from '../support/fake-nginx.ts'
import { HlsWriter } from '../support/hls-writer.ts'

const clock = new TestClock()
let nginx: FakeNginx
let control: TestControl
before(async () => {
  nginx = await FakeNginx.start()
  control = await startControl({ now: clock.now, env: { NGINX_URL: nginx.url } })
})
after(async () => {
  await control[Symbol.asyncDispose]()
  await nginx[Symbol.asyncDispose]()
})

const round = () => control.context.reconciler.round()
const streamOf = (id: string) => control.context.store.find(id)
const statusOf = async (id: string) => (await streamOf(id))?.status

async function live(clientId: number): Promise<{ id: string; key: string; writer: HlsWriter }> {
  const { id, streamKey } = await createStream(control)
  await publish(control, streamKey.value, clientId)
  nginx.publish(id, clientId)
  const writer = new HlsWriter(control.hlsDir, id)
  await writer.segment('x')
  await put(control, id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date() })
  return { id, key: streamKey.value, writer }
}

test('while nginx is away, publishers whose playlists stand still are gone; they are taken back with it', async () => {
  const [silent, written] = [await live(1), await live(2)]
  clock.advance(10_000)
  await round()
  nginx.answers = 'with-errors'
  const awaySince = performance.now()
  await until('the publisher to be gone', async () => {
    await written.writer.segment('x')
    await round()
    await delay(500)
    return (await statusOf(silent.id)) === 'reconnecting'
  })
  const goneMs = performance.now() - awaySince
  assert.ok(goneMs > 7_000 && goneMs < 13_000, `gone after ${goneMs} ms`)
  assert.equal((await streamOf(silent.id))?.session, null)
  assert.ok((await streamOf(silent.id))?.deadlineAt, 'the reconnect window is running')
  assert.equal(await statusOf(written.id), 'live', 'nginx still writes it, so it has the publisher')

  // The streamer may go on at another node meanwhile; this one has stayed.
  nginx.answers = 'normally'
  await round()
  await round()
  assert.equal((await streamOf(silent.id))?.session?.clientId, 1)
  assert.deepEqual(nginx.drops, [])
  await silent.writer.segment('x')
  await until('the stream to be live again', async () => (await statusOf(silent.id)) === 'live')
})

test('a streamer whose node’s nginx is away is let in at another node', async () => {
  const other = await FakeNginx.start()
  await using elsewhere = await startControl({
    database: control.database,
    now: clock.now,
    env: { NGINX_URL: other.url, NODE_ID: 'other' },
  })
  const { id, key } = await live(5)
  clock.advance(10_000)
  await round()
  nginx.answers = 'with-errors'
  await until('the publisher to be let in', async () => {
    await round()
    await delay(500)
    return (await publish(elsewhere, key, 1)).status === 302
  })
  assert.equal((await streamOf(id))?.session?.nodeId, 'other')
  nginx.answers = 'normally'
  // The first node's nginx has kept the connection: it is dropped, for the stream is elsewhere now.
  await round()
  await round()
  assert.deepEqual(nginx.drops, [`live ${id} 5`])
  await other[Symbol.asyncDispose]()
})
