// A deleted stream's recording and files on two nodes, with folders of their own and with S3; a node that was away; and
// a control that is killed while it deletes.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TestControl } from '../../support/control.ts'
import { S3Server } from '../../support/s3-server.ts'
import { until } from '../../support/until.ts'
import { call, createStream, goLive, publish } from '../support/api.ts'
import { ControlProcess } from '../support/control-process.ts'
import { FakeNginx } from '../support/fake-nginx.ts'
import { HlsWriter } from '../support/hls-writer.ts'
import { end, RecordingFixture, reaches } from '../support/recording-fixture.ts'
import { believe, isReady, move } from '../support/recording-nodes.ts'

const { signal } = new AbortController()

let stack: AsyncDisposableStack
let fixture: RecordingFixture
let nginx: FakeNginx
before(async () => {
  stack = new AsyncDisposableStack()
  fixture = stack.use(await RecordingFixture.create())
  nginx = stack.use(await FakeNginx.start())
})
after(() => stack.disposeAsync())

const start = (node: string, env = {}) => fixture.start({ node, env: { NGINX_URL: nginx.url, ...env } })
const isStored = async (id: string) =>
  (await fixture.database.query('SELECT id FROM streams WHERE id = ?', [id])).length === 1

async function remove(control: TestControl, id: string, token: string): Promise<void> {
  const { status, text } = await call(control, `/v1/streams/${id}`, { method: 'DELETE', token })
  assert.equal(status, 204, text)
}

async function rowGoes(controls: readonly TestControl[], id: string): Promise<void> {
  await until('the row to be gone', async () => {
    for (const { context } of controls) {
      await context.recorder.round()
      await context.removals.round()
    }
    return !(await isStored(id))
  })
}

const filesOf = ({ hlsDir, dashDir, recordingsDir }: TestControl, id: string) =>
  [hlsDir, dashDir, recordingsDir].filter((root) => existsSync(join(root, id)))

describe('a broadcast that went through two nodes', () => {
  test('goes from the folders of both', async () => {
    await using a = await start(fixture.newNode())
    await using b = await start(fixture.newNode())
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const)
      believe(one, [other.context.config.nodeId])
    const live = await fixture.broadcast(a)
    const { id, streamKey } = live.issued
    await move(live, a, b)
    await until('the second part', () => existsSync(join(b.recordingsDir, id)))
    for (const { hlsDir } of [a, b]) assert.ok(existsSync(join(hlsDir, id)))
    b.context.feed.tailFor(true)
    await remove(a, id, streamKey.value)
    await until('all files to be gone', () => [a, b].flatMap((node) => filesOf(node, id)).length === 0, 5_000)
    await rowGoes([a, b], id)
    assert.deepEqual(
      [a, b].flatMap((node) => filesOf(node, id)),
      [],
    )
  })

  test('goes from S3', async () => {
    await using server = await S3Server.start()
    await using a = await start(fixture.newNode(), server.settings)
    await using b = await start(fixture.newNode(), server.settings)
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const)
      believe(one, [other.context.config.nodeId])
    const s3 = a.context.s3 ?? assert.fail()
    const issued = await createStream(a, { title: 'recorded', record: true })
    await new HlsWriter(a.hlsDir, issued.id).segment(fixture.segment)
    await goLive(a, issued)
    await end(a, { issued })
    await reaches(a, issued.id, 'ready')
    const { id, streamKey } = issued
    const files = (await s3.list(id, signal)).map(({ name }) => name)
    for (const name of ['index.m3u8', 'recording.mp4', 'poster.jpg']) assert.ok(files.includes(name), name)
    await remove(b, id, streamKey.value)
    for (const name of files) assert.equal((await call(b, `/recordings/${id}/${name}`)).status, 404, name)
    await rowGoes([a, b], id)
    assert.deepEqual(await s3.list(id, signal), [])
  })
})

test('a node that was away removes what it has before it answers anything', async () => {
  const away = fixture.newNode()
  const { id, streamKey, left } = await (async () => {
    await using control = await start(away)
    const live = await fixture.broadcast(control)
    await end(control, live)
    await isReady([control], live)
    return { ...live.issued, left: [live.hls.directory, live.folder] }
  })()
  const dash = join(fixture.root, away, 'dash', id)
  await mkdir(dash, { recursive: true })
  await writeFile(join(dash, 'index.mpd'), 'dash')
  await using other = await start(fixture.newNode())
  await remove(other, id, streamKey.value)
  await rowDoesNotGo(other, id)
  for (const path of left) assert.ok(existsSync(path), 'the node is away')
  await using back = await fixture.start({
    node: away,
    env: { NGINX_URL: nginx.url, DASH_DIR: join(fixture.root, away, 'dash') },
  })
  for (const path of [...left, dash]) assert.ok(!existsSync(path), path)
  await back.context.reconciler.round()
  await rowGoes([back, other], id)
})

async function rowDoesNotGo({ context }: TestControl, id: string): Promise<void> {
  await context.recorder.round()
  await context.removals.round()
  assert.ok(await isStored(id), 'its node has not removed its files yet')
}

test('a control that is killed while it deletes leaves nothing once it is back', async () => {
  const folder = join(fixture.root, 'killed')
  const settings = {
    ...{
      NODE_ID: 'killed',
      NGINX_URL: nginx.url,
      DATA_DIR: join(folder, 'data'),
      HLS_DIR: join(folder, 'hls'),
    },
    ...{ DASH_DIR: join(folder, 'dash'), RECORDINGS_DIR: join(folder, 'recordings'), CREATE_RATE_LIMIT: '0' },
  }
  const title = 'a title that must go'
  const leftovers: string[] = []
  {
    await using control = await ControlProcess.start(fixture.database, settings)
    // nginx does not drop anybody, so every deletion is still going on when control is killed.
    nginx.ignoresDrops = true
    for (let n = 0; n < 5; n++) {
      const created = await call<{ id: string; streamKey: { value: string } }>(control, '/v1/streams', {
        method: 'POST',
        json: { title },
      })
      const { id, streamKey } = created.body
      assert.equal((await publish(control, streamKey.value, 100 + n, { nginx: nginx.instance })).status, 302)
      nginx.publish(id, 100 + n)
      leftovers.push(id)
      const answer = call(control, `/v1/streams/${id}`, { method: 'DELETE', token: streamKey.value })
      if (n < 4) assert.equal((await answer).status, 204)
      else {
        answer.catch(() => {})
        const exited = once(control.process, 'exit')
        control.process.kill('SIGKILL')
        await exited
      }
    }
  }
  // nginx has written its last playlists meanwhile.
  for (const id of leftovers) {
    await mkdir(join(folder, 'hls', id), { recursive: true })
    await writeFile(join(folder, 'hls', id, 'index.m3u8'), '#EXTM3U\n')
  }
  const deleted = leftovers.slice(0, 4)
  nginx.ignoresDrops = false
  await using _back = await ControlProcess.start(fixture.database, settings)
  for (const id of deleted) assert.ok(!existsSync(join(folder, 'hls', id)), 'removed before the ports open')
  await until(
    'the rows to be gone',
    async () => {
      const rows = await Promise.all(deleted.map(isStored))
      return rows.every((stored) => !stored)
    },
    40_000,
  )
  for (const id of deleted) assert.ok(!nginx.live.has(id), 'nginx has dropped the publisher')
})
