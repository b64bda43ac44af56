import assert from 'node:assert/strict'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'
import { createStream, publish, publishDone, put, readStream } from '../support/api.ts'
import { TestClock } from '../support/clock.ts'
import { FakeNginx } from '../support/fake-nginx.ts'

const REFUSED = { status: 403, location: null }
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
beforeEach(() => {
  nginx.answers = 'normally'
  nginx.ignoresDrops = false
  nginx.instance = '1-100'
  nginx.drops.length = 0
})

async function writePlaylist(id: string, modifiedAt: Date): Promise<void> {
  const path = join(control.hlsDir, id, 'index.m3u8')
  await writeFile(path, '#EXTM3U\n')
  await utimes(path, modifiedAt, modifiedAt)
}

/** A live stream whose publisher is client 1, in the database and at nginx. */
async function live(): Promise<IssuedStreamResource> {
  const issued = await createStream(control)
  await publish(control, issued.streamKey.value, 1)
  nginx.publish(issued.id, 1)
  await put(control, issued.id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date() })
  return issued
}

/** The same, after the publisher has left and nginx has reported it. */
async function lost(): Promise<IssuedStreamResource> {
  const issued = await live()
  nginx.leave(issued.id)
  await publishDone(control, issued.streamKey.value, 1)
  assert.equal((await readStream(control, issued.id)).status, 'reconnecting')
  return issued
}

async function eventTypes(id: string): Promise<unknown[]> {
  const rows = await control.database.query('SELECT type FROM events WHERE stream_id = ? ORDER BY id', [id])
  return rows.map((row) => row.type)
}

const sessionOf = async (id: string) => (await control.context.store.find(id))?.session ?? null

test('the first publisher of a stream is let in whatever nginx answers', async () => {
  for (const answers of ['with-errors', 'with-html'] as const) {
    nginx.answers = answers
    const { id, streamKey } = await createStream(control)
    assert.deepEqual(await publish(control, streamKey.value), { status: 302, location: id })
  }
})

describe('within the reconnect window', () => {
  test('the key lets its streamer back in, and nothing is announced until the playlist goes on', async () => {
    const { id, streamKey } = await live()
    await using reader = await SseReader.open(`${control.apiUrl}/v1/events?stream=${id}`)
    const before = new Date(Date.now() - 60_000)
    await writePlaylist(id, before)
    nginx.leave(id)
    await publishDone(control, streamKey.value, 1)
    assert.deepEqual(await publish(control, streamKey.value, 2), { status: 302, location: id })
    assert.equal((await readStream(control, id)).status, 'reconnecting')
    const stream = await control.context.store.find(id)
    assert.equal(stream?.deadlineAt, null, 'the reconnect window is stopped')
    assert.deepEqual(stream?.session?.baselineAt, before)
    // The old deadline no longer has any effect.
    clock.advance(61_000)
    await put(control, id, { kind: 'deadline-passed' })
    await writePlaylist(id, new Date(before.getTime() + 1))
    const { data } = await reader.frame('stream.live')
    assert.equal(data.resumed, true)
    assert.deepEqual(reader.types, ['stream.reconnecting', 'stream.live'])
  })

  test('what nginx still has of the previous publisher is dropped first, in both applications', async () => {
    const { id, streamKey } = await lost()
    nginx.hls.set(id, 77)
    assert.deepEqual(await publish(control, streamKey.value, 2), { status: 302, location: id })
    assert.deepEqual(nginx.drops, [`hls ${id}`])
    const again = await lost()
    nginx.publish(again.id, 1)
    assert.deepEqual(await publish(control, again.streamKey.value, 2), { status: 302, location: again.id })
    assert.ok(nginx.drops.includes(`live ${again.id}`))
  })

  test('nobody is let in before nginx has dropped the previous publisher, and the refusal comes within 2 s', async () => {
    const { id, streamKey } = await lost()
    nginx.ignoresDrops = true
    nginx.hls.set(id, 77)
    const begin = performance.now()
    assert.deepEqual(await publish(control, streamKey.value, 2), REFUSED)
    assert.ok(performance.now() - begin < 2_000)
    assert.equal(await sessionOf(id), null)
    nginx.leave(id)
    assert.deepEqual(await publish(control, streamKey.value, 3), { status: 302, location: id })
  })

  test('nobody is let in while nginx cannot say who is connected', async () => {
    const { id, streamKey } = await lost()
    for (const answers of ['with-errors', 'with-html'] as const) {
      nginx.answers = answers
      assert.deepEqual(await publish(control, streamKey.value, 2), REFUSED)
    }
    nginx.answers = 'normally'
    assert.deepEqual(await publish(control, streamKey.value, 3), { status: 302, location: id })
  })

  test('one of many publishers that return at once is let in, and is not dropped for the next', async () => {
    const { id, streamKey } = await lost()
    const clients = [2, 3, 4, 5]
    const answers = await Promise.all(clients.map((client) => publish(control, streamKey.value, client)))
    assert.equal(answers.filter(({ status }) => status === 302).length, 1)
    const winner = clients[answers.findIndex(({ status }) => status === 302)]
    assert.equal((await sessionOf(id))?.clientId, winner)
    assert.deepEqual(nginx.drops, [])
  })
})

test('many publishers that return at once share nginx’s answers', async () => {
  const streams = await Promise.all(Array.from({ length: 30 }, () => lost()))
  const { asked } = nginx
  const answers = await Promise.all(streams.map(({ streamKey }) => publish(control, streamKey.value, 2)))
  assert.deepEqual(
    answers.map(({ location }) => location),
    streams.map(({ id }) => id),
  )
  // Each on its own would ask at least once; how many share an answer depends on how they arrive.
  const requests = nginx.asked - asked
  assert.ok(requests <= streams.length / 2, `${requests} requests to nginx for ${streams.length} publishers`)
})

test('a publisher that was just let in is not dropped when the next one asks', async () => {
  const { id, streamKey } = await lost()
  nginx.hold()
  const first = publish(control, streamKey.value, 2)
  const second = publish(control, streamKey.value, 3)
  await until('one of them to ask nginx', () => nginx.answerOne())
  // The one that is let in is connected at once, before the other gets its answer from nginx.
  const winner = await Promise.race(
    [first, second].map(async (answer, n) => ((await answer).status === 302 ? n + 2 : 0)),
  )
  nginx.publish(id, winner)
  nginx.answerAll()
  const answers = await Promise.all([first, second])
  assert.deepEqual(answers.map(({ status }) => status).sort(), [302, 403])
  assert.deepEqual([nginx.drops, nginx.live.get(id), (await sessionOf(id))?.clientId], [[], winner, winner])
})

test('after the reconnect window nobody is let in', async () => {
  const { streamKey } = await lost()
  clock.advance(60_001)
  assert.deepEqual(await publish(control, streamKey.value, 2), REFUSED)
})

describe('while a publisher is connected', () => {
  test('a second one is refused, and the first is not disturbed', async () => {
    const { id, streamKey } = await live()
    clock.advance(10_000)
    const before = await eventTypes(id)
    assert.deepEqual(await publish(control, streamKey.value, 2), REFUSED)
    assert.deepEqual([nginx.drops, await eventTypes(id), (await sessionOf(id))?.clientId], [[], before, 1])
  })

  test('a second one within 5 s is refused without asking nginx, which may not list the first yet', async () => {
    const { id, streamKey } = await live()
    nginx.leave(id)
    const { asked } = nginx
    clock.advance(4_000)
    assert.deepEqual(await publish(control, streamKey.value, 2), REFUSED)
    assert.deepEqual([nginx.asked, (await sessionOf(id))?.clientId], [asked, 1])
  })

  test('one that nginx no longer has is replaced, and announced as a reconnect', async () => {
    const { id, streamKey } = await live()
    nginx.leave(id)
    clock.advance(5_000)
    assert.deepEqual(await publish(control, streamKey.value, 2), { status: 302, location: id })
    assert.equal((await sessionOf(id))?.clientId, 2)
    assert.equal((await eventTypes(id)).at(-1), 'stream.reconnecting')
    // The first publisher's on_publish_done comes late, and must not end the new one.
    await publishDone(control, streamKey.value, 1)
    assert.equal((await sessionOf(id))?.clientId, 2)
  })

  test('one from a previous run of nginx is replaced, even by a client with the same number', async () => {
    const { id, streamKey } = await live()
    nginx.instance = '2-200'
    nginx.leave(id)
    clock.advance(5_000)
    assert.deepEqual(await publish(control, streamKey.value, 1, { nginx: '2-200' }), {
      status: 302,
      location: id,
    })
    const session = await sessionOf(id)
    assert.deepEqual([session?.clientId, session?.nginx], [1, '2-200'])
  })

  test('a second one on another node is refused, because only the first node’s nginx knows', async () => {
    await using other = await startControl({
      database: control.database,
      now: clock.now,
      env: { NGINX_URL: nginx.url, NODE_ID: 'other' },
    })
    const { id, streamKey } = await live()
    nginx.leave(id)
    clock.advance(10_000)
    assert.deepEqual(await publish(other, streamKey.value, 2), REFUSED)
    assert.equal((await sessionOf(id))?.nodeId, 'test')
  })
})

test('when the owner ends a stream, its publisher is dropped, and then its playlist is ended', async () => {
  const { id, streamKey } = await live()
  await writePlaylist(id, new Date())
  await put(control, id, { kind: 'end-requested', by: 'owner' })
  await until(
    'the playlist to be closed',
    async () => (await control.context.store.find(id))?.playlistOpen === false,
  )
  assert.ok(nginx.drops.includes(`live ${id}`))
  assert.ok(!nginx.live.has(id) && !nginx.hls.has(id))
  assert.deepEqual(await publish(control, streamKey.value, 2), REFUSED)
})
