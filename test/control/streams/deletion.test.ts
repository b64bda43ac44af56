// Deleting a stream through the API: who may, what every answer and event says afterwards, and what is left.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { hashStreamId } from '../../../apps/control/domain/keys.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'
import { call, createStream, liveStream, publish, put, refused } from '../support/api.ts'
import { FakeNginx } from '../support/fake-nginx.ts'
import { HlsWriter } from '../support/hls-writer.ts'

const TOKEN = 'an-operators-token-of-24-characters'
const TITLE = 'a title that must go'

let stack: AsyncDisposableStack
let nginx: FakeNginx
let database: TestDatabase
let control: TestControl
before(async () => {
  stack = new AsyncDisposableStack()
  nginx = stack.use(await FakeNginx.start())
  database = stack.use(await createTestDatabase())
  control = await start()
})
after(() => stack.disposeAsync())

const start = async () =>
  stack.use(await startControl({ database, env: { NGINX_URL: nginx.url, API_TOKENS: TOKEN } }))
const remove = (id: string, token: string) => call(control, `/v1/streams/${id}`, { method: 'DELETE', token })
const follow = (query: string) => SseReader.open(`${control.apiUrl}/v1/events${query}`)
const head = async () => (await control.context.log.bounds()).head
const rows = (id: string) => control.database.query('SELECT * FROM streams WHERE id = ?', [id])
const folderOf = (root: string, id: string) => join(root, id)

/** Every text of every table that contains the needle: `<table>: <row>`. */
async function found(needle: string): Promise<string[]> {
  const tables = await control.database.query(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
  )
  const lists = tables.map(async ({ name }) =>
    (await control.database.query(`SELECT * FROM ${name}`))
      .map((row) => `${name}: ${JSON.stringify(row)}`)
      .filter((text) => text.includes(needle)),
  )
  return (await Promise.all(lists)).flat()
}

describe('who may delete a stream', () => {
  test('its owner and operators; then it is unknown to everybody', async () => {
    for (const by of ['owner', 'operator'] as const) {
      const { id, streamKey } = await liveStream(control, TITLE)
      const token = by === 'owner' ? streamKey.value : TOKEN
      assert.equal((await remove(id, token)).status, 204)
      for (const credential of [streamKey.value, TOKEN]) {
        const options = { token: credential }
        await refused(control, `/v1/streams/${id}`, options, 404, 'stream_not_found')
        await refused(control, `/v1/streams/${id}`, { ...options, method: 'DELETE' }, 404, 'stream_not_found')
        for (const path of ['end', 'stream-key'])
          await refused(
            control,
            `/v1/streams/${id}/${path}`,
            { ...options, method: 'POST' },
            404,
            'stream_not_found',
          )
        for (const path of ['ingest', 'recording', 'thumbnail.jpg'])
          await refused(control, `/v1/streams/${id}/${path}`, options, 404, 'stream_not_found')
      }
      assert.equal((await publish(control, streamKey.value, 7)).status, 403)
    }
  })

  test('nobody else', async () => {
    const { id } = await createStream(control, { title: TITLE })
    const other = await createStream(control)
    const options = { method: 'DELETE' }
    await refused(control, `/v1/streams/${id}`, options, 401, 'unauthorized')
    await refused(control, `/v1/streams/${id}`, { ...options, token: 'wrong' }, 401, 'unauthorized')
    const foreign = { ...options, token: other.streamKey.value }
    await refused(control, `/v1/streams/${id}`, foreign, 403, 'not_your_stream')
    await refused(
      control,
      `/v1/streams/${'z'.repeat(20)}`,
      { ...options, token: TOKEN },
      404,
      'stream_not_found',
    )
    assert.equal((await call(control, `/v1/streams/${id}`)).status, 200)
    await remove(id, TOKEN)
  })
})

describe('what remains', () => {
  test('no title in any table, no row, no list entry; only the hash of the id', async () => {
    const { id, streamKey } = await liveStream(control, TITLE)
    nginx.publish(id, 1)
    const hls = new HlsWriter(control.hlsDir, id)
    await hls.segment('video')
    const dash = folderOf(control.dashDir, id)
    await mkdir(dash, { recursive: true })
    await writeFile(join(dash, 'index.mpd'), 'dash')
    assert.ok((await found(TITLE)).length > 0)
    await remove(id, streamKey.value)
    assert.deepEqual(await found(TITLE), [])
    const list = await call<{ data: { id: string }[] }>(control, '/v1/streams')
    assert.ok(!list.body.data.some((stream) => stream.id === id))
    await until('the files to be gone', () => !existsSync(hls.directory) && !existsSync(dash))
    await until('the row to be gone', async () => {
      await control.context.removals.round()
      return (await rows(id)).length === 0
    })
    assert.deepEqual(
      nginx.drops.filter((drop) => drop.includes(id)),
      [`live ${id}`, `hls ${id}`],
    )
    const hashes = await control.database.query('SELECT id_hash FROM tombstones')
    assert.ok(hashes.some(({ id_hash }) => hashStreamId(id).equals(id_hash as Buffer)))
  })

  test('nothing that is written afterwards: nginx’s last playlist, a late segment', async () => {
    const { id, streamKey } = await liveStream(control, TITLE)
    nginx.publish(id, 1)
    nginx.ignoresDrops = true
    const hls = new HlsWriter(control.hlsDir, id)
    await hls.segment('video')
    await remove(id, streamKey.value)
    await until('the files to be gone', () => !existsSync(hls.directory))
    // nginx still has the publisher, and writes on.
    await hls.segment('late')
    await control.context.removals.round()
    assert.equal((await rows(id)).length, 1, 'the row stays until nginx does not have the id')
    nginx.ignoresDrops = false
    nginx.leave(id)
    await until('the late files to be gone', async () => {
      await control.context.removals.round()
      return !existsSync(hls.directory)
    })
    await hls.segment('later still')
    await until('the files that came even later to be gone', async () => {
      await control.context.removals.round()
      return !existsSync(hls.directory)
    })
    assert.deepEqual(
      (await readdir(control.hlsDir)).filter((name) => name === id),
      [],
    )
  })
})

describe('readers', () => {
  const DELETED = (id: string) => ({ type: 'stream.deleted', stream: { id } })
  const essence = ({ type, stream }: Record<string, unknown>) => ({ type, stream })

  test('who follow everything or the stream get stream.deleted with the id alone', async () => {
    const { id } = await liveStream(control, TITLE)
    await using everything = await follow('')
    await using own = await follow(`?stream=${id}`)
    await remove(id, TOKEN)
    for (const reader of [everything, own]) {
      const frame = await reader.frame('stream.deleted')
      const { id: eventId, type, createdAt, ...rest } = frame.data
      assert.deepEqual([eventId, type, rest], [frame.id, 'stream.deleted', { stream: { id } }])
      assert.ok(!Number.isNaN(Date.parse(String(createdAt))))
    }
  })

  test('who follow everything hear nothing of a stream that never was live', async () => {
    await using everything = await follow('')
    const { id } = await createStream(control, { title: TITLE })
    await using own = await follow(`?stream=${id}`)
    await remove(id, TOKEN)
    await own.frame('stream.deleted')
    const next = await liveStream(control)
    await everything.frame('stream.live', ({ data }) => (data.stream as { id: string }).id === next.id)
    assert.deepEqual(everything.types, ['stream.live'])
  })

  for (const from of ['memory', 'the log after a restart'] as const) {
    test(`who resume get no event of it from ${from} but its deletion, and miss nothing else`, async () => {
      const cursor = await head()
      const first = await liveStream(control, 'first')
      const gone = await liveStream(control, TITLE)
      const second = await liveStream(control, 'second')
      await remove(gone.id, TOKEN)
      if (from !== 'memory') {
        await control[Symbol.asyncDispose]()
        control = await start()
      }
      await using everything = await follow(`?lastEventId=${cursor}`)
      await everything.frame('stream.deleted')
      const ids = everything.frames.map(({ data }) => (data.stream as { id: string }).id)
      assert.deepEqual(ids, [first.id, second.id, gone.id])
      assert.ok(!everything.text.includes(TITLE))
      await using own = await follow(`?stream=${gone.id}&lastEventId=0`)
      const { data } = await own.frame('stream.deleted')
      assert.deepEqual([essence(data), own.types], [DELETED(gone.id), ['stream.deleted']])
      const deletion = Number(own.frames[0]?.id)
      assert.equal((await follow(`?stream=${gone.id}&lastEventId=${deletion}`)).response.status, 404)
      assert.equal((await follow(`?stream=${gone.id}`)).response.status, 404)
    })
  }

  test('of another node get the deletion, and no reset because events were withdrawn from the log', async () => {
    const env = { NGINX_URL: nginx.url, NODE_ID: 'other' }
    await using other = await startControl({ database, env })
    await using everything = await SseReader.open(`${other.apiUrl}/v1/events`)
    const gone = await liveStream(control, TITLE)
    await other.context.feed.readOn()
    await remove(gone.id, TOKEN)
    await other.context.feed.readOn()
    const next = await liveStream(control)
    await other.context.feed.readOn()
    await everything.frame('stream.live', ({ data }) => (data.stream as { id: string }).id === next.id)
    assert.deepEqual(everything.types, ['stream.live', 'stream.deleted', 'stream.live'])
  })
})

test('late facts of a deleted stream change nothing', async () => {
  const { id } = await liveStream(control, TITLE)
  await remove(id, TOKEN)
  const { nodeId } = control.context.config
  if ((await rows(id)).length > 0) {
    const stream = await put(control, id, { kind: 'playlist-closed', nodeId })
    assert.deepEqual([stream.status, stream.title], ['ended', null])
  }
  assert.deepEqual(await found(TITLE), [])
})
