import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { until } from '../../support/until.ts'
import { createStream, publish, put, readStream } from '../support/api.ts'
import { TestClock } from '../support/clock.ts'
import { FakeNginx } from '../support/fake-nginx.ts'

let clock: TestClock
let nginx: FakeNginx
let control: TestControl
let hlsDir: string
before(async () => {
  hlsDir = await mkdtemp(join(tmpdir(), 'hls-'))
  nginx = await FakeNginx.start()
  clock = new TestClock()
  control = await startControl({ now: clock.now, hlsDir, env: { NGINX_URL: nginx.url } })
})
after(async () => {
  await control[Symbol.asyncDispose]()
  await nginx[Symbol.asyncDispose]()
  await rm(hlsDir, { recursive: true })
})
beforeEach(async () => {
  nginx.answers = 'normally'
  nginx.instance = '1-100'
  nginx.live.clear()
  nginx.hls.clear()
  nginx.drops.length = 0
  // What earlier tests left behind must not affect the next one.
  await control.database.query('UPDATE streams SET playlist_open = FALSE, deadline_at = NULL')
})

const round = () => control.context.reconciler.round()
const statusOf = async (id: string) => (await readStream(control, id)).status
const playlistOf = (id: string) => join(hlsDir, id, 'index.m3u8')

async function connecting(clientId = 1): Promise<IssuedStreamResource> {
  const issued = await createStream(control)
  assert.equal((await publish(control, issued.streamKey.value, clientId)).status, 302)
  nginx.publish(issued.id, clientId)
  return issued
}

async function live(clientId = 1): Promise<IssuedStreamResource> {
  const issued = await connecting(clientId)
  await put(control, issued.id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date() })
  return issued
}

describe('a publisher that nginx does not list', () => {
  test('is gone, once nginx has had 5 s to list it', async () => {
    const { id } = await live()
    nginx.leave(id)
    clock.advance(4_000)
    await round()
    assert.equal(await statusOf(id), 'live')
    clock.advance(1_000)
    await round()
    assert.equal(await statusOf(id), 'reconnecting')
  })

  test('is gone when nginx was restarted, even if a client has the same number again', async () => {
    const { id } = await live()
    clock.advance(10_000)
    await round()
    assert.equal(await statusOf(id), 'live')
    nginx.instance = '2-200'
    await round()
    assert.equal(await statusOf(id), 'reconnecting')
  })

  test('is not gone just because nginx does not answer, which is logged once', async () => {
    const { id } = await live()
    nginx.leave(id)
    clock.advance(10_000)
    const warnings = () => control.logLines.filter((line) => line.includes('nginx does not answer')).length
    for (const answers of ['with-errors', 'with-html', 'with-errors'] as const) {
      nginx.answers = answers
      await round()
    }
    assert.equal(await statusOf(id), 'live')
    assert.equal(warnings(), 1)
    nginx.answers = 'normally'
    await round()
    assert.equal(await statusOf(id), 'reconnecting')
  })

  test('is not looked for in another node’s nginx', async () => {
    const { id } = await live()
    await using other = await startControl({
      database: control.database,
      now: clock.now,
      env: { NGINX_URL: nginx.url, NODE_ID: 'other' },
    })
    nginx.leave(id)
    clock.advance(10_000)
    await other.context.reconciler.round()
    assert.equal(await statusOf(id), 'live')
  })
})

describe('a publisher that was not admitted', () => {
  const unknown = 'x'.repeat(20)

  test('is dropped when two rounds have seen it, and nobody else is', async () => {
    const { id } = await live()
    nginx.publish(unknown, 9)
    await round()
    assert.deepEqual(nginx.drops, [])
    await round()
    assert.deepEqual(nginx.drops, [`live ${unknown} 9`])
    assert.ok(nginx.live.has(id) && !nginx.live.has(unknown))
    await round()
    assert.equal(nginx.drops.length, 1)
  })

  test('is a different one when its client number is different', async () => {
    nginx.publish(unknown, 9)
    await round()
    nginx.publish(unknown, 10)
    await round()
    assert.deepEqual(nginx.drops, [])
    await round()
    assert.deepEqual(nginx.drops, [`live ${unknown} 10`])
  })

  test('is dropped when it has replaced the publisher that was admitted', async () => {
    const { id } = await live(1)
    nginx.publish(id, 2)
    await round()
    await round()
    assert.deepEqual(nginx.drops, [`live ${id} 2`])
  })

  test('is dropped when its stream has ended', async () => {
    const { id } = await live()
    await put(control, id, { kind: 'end-requested', by: 'owner' })
    nginx.publish(id, 1)
    await round()
    await until('it to be dropped', async () => {
      await round()
      return !nginx.live.has(id)
    })
  })
})

describe('a deadline that has passed', () => {
  test('ends the stream: an expired key, a reconnect window that is over', async () => {
    const waiting = await createStream(control)
    const { id } = await live()
    clock.advance(540_000)
    nginx.leave(id)
    await round()
    clock.advance(50_000)
    await round()
    assert.deepEqual([await statusOf(waiting.id), await statusOf(id)], ['waiting', 'reconnecting'])
    clock.advance(10_001)
    await round()
    const [expired, gone] = [await readStream(control, waiting.id), await readStream(control, id)]
    assert.deepEqual([expired.endReason, gone.endReason], ['key_expired', 'publisher_gone'])
  })

  test('ends the stream while nginx does not answer, too', async () => {
    const { id } = await createStream(control)
    nginx.answers = 'with-errors'
    clock.advance(600_001)
    await round()
    assert.equal(await statusOf(id), 'ended')
  })
})

describe('after a crash', () => {
  test('the publisher of an ended stream is dropped and its playlist ended', async () => {
    const { id } = await live()
    await writeFile(playlistOf(id), '#EXTM3U\n#EXTINF:3,\n1.ts\n')
    await control.database.query(
      "UPDATE streams SET status = 'ended', ended_at = UTC_TIMESTAMP(3), end_reason = 'ended_by_owner', session_client_id = NULL, version = version + 1 WHERE id = ?",
      [id],
    )
    await round()
    await until(
      'the end to be recorded',
      async () => (await control.context.store.find(id))?.playlistOpen === false,
    )
    assert.match(await readFile(playlistOf(id), 'utf8'), /1\.ts\n#EXT-X-ENDLIST\n$/)
    assert.ok(!nginx.live.has(id) && !nginx.hls.has(id))
  })

  test('a playlist that came while control was down makes its stream live', async () => {
    const options = { database: control.database, now: clock.now, hlsDir }
    const env = { NGINX_URL: nginx.url, NODE_ID: 'crashing' }
    const first = await startControl({ ...options, env })
    const { id, streamKey } = await createStream(first)
    await publish(first, streamKey.value)
    nginx.publish(id, 1)
    await first[Symbol.asyncDispose]()
    await writeFile(playlistOf(id), '#EXTM3U\n')
    await using next = await startControl({ ...options, env })
    await next.context.reconciler.round()
    await until('it to be live', async () => (await statusOf(id)) === 'live')
  })

  test('a second round changes nothing', async () => {
    const [{ id }, gone] = [await live(1), await live(2)]
    nginx.leave(gone.id)
    clock.advance(10_000)
    await round()
    const state = () =>
      control.database.query('SELECT s.*, head FROM streams s, event_sequence ORDER BY s.id')
    const before = await state()
    await round()
    await round()
    assert.deepEqual(await state(), before)
    assert.equal(await statusOf(id), 'live')
  })
})

test('the rounds begin at once, and end when control stops', async () => {
  const own = await startControl({
    database: control.database,
    now: clock.now,
    env: { NGINX_URL: nginx.url, NODE_ID: 'own' },
  })
  const { id } = await createStream(own)
  clock.advance(600_001)
  own.context.reconciler.startRounds()
  await until('the stream to end', async () => (await statusOf(id)) === 'ended')
  await own[Symbol.asyncDispose]()
  const { asked } = nginx
  await own.context.reconciler[Symbol.asyncDispose]()
  assert.equal(nginx.asked, asked)
})
