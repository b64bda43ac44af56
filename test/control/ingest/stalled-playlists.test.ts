import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { StalledPlaylists } from '../../../apps/control/ingest/stalled-playlists.ts'
import { HlsFolder } from '../../../apps/control/playlists/hls-folder.ts'
import type { Progress } from '../../../apps/control/playlists/write-progress.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { createStream, publish, put } from '../support/api.ts'
import { FakeNginx } from '../support/fake-nginx.ts'

const STALLED: Progress = { playlistMs: 20_000, anyFileMs: 8_000, modifiedAt: new Date() }
const WRITTEN: Progress = { playlistMs: 0, anyFileMs: 0, modifiedAt: new Date() }

let nginx: FakeNginx
let control: TestControl
let stalled: StalledPlaylists
let nowMs: number
before(async () => {
  nginx = await FakeNginx.start()
  control = await startControl({ env: { NGINX_URL: nginx.url } })
})
after(async () => {
  await control[Symbol.asyncDispose]()
  await nginx[Symbol.asyncDispose]()
})
beforeEach(() => {
  nginx.drops.length = 0
  nowMs = 0
  const { streams, nginx: client, logger } = control.context
  const folder = new HlsFolder(control.hlsDir)
  stalled = new StalledPlaylists({ streams, nginx: client, folder, logger, monotonicMs: () => nowMs })
})

async function live(clientId = 1): Promise<string> {
  const { id, streamKey } = await createStream(control)
  await publish(control, streamKey.value, clientId)
  nginx.publish(id, clientId)
  await put(control, id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date() })
  return id
}

/** One look at a stream, so much later. */
async function check(id: string, progress: Progress, afterMs = 0): Promise<void> {
  nowMs += afterMs
  const stream = await control.context.store.find(id)
  assert.ok(stream?.session)
  await stalled.check(stream, stream.session, progress, await control.context.nginx.stat())
}

const statusOf = async (id: string) => (await control.context.store.find(id))?.status

test('a live stream says that nobody can watch, and nginx’s push to its playlist is restarted', async () => {
  const id = await live()
  await check(id, STALLED)
  assert.equal(await statusOf(id), 'reconnecting')
  assert.deepEqual(nginx.drops, [`hls ${id}`])
  // Its playlist goes on, and the stream with it.
  await put(control, id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date(Date.now() + 5_000) })
  assert.equal(await statusOf(id), 'live')
})

test('a playlist is not stalled while its segment grows, unless nginx should have ended that long ago', async () => {
  const id = await live()
  await check(id, { ...STALLED, anyFileMs: 5_000 })
  await check(id, { ...STALLED, playlistMs: 14_000 })
  assert.equal(await statusOf(id), 'live')
  await check(id, { ...STALLED, playlistMs: 40_000, anyFileMs: 0 })
  assert.equal(await statusOf(id), 'reconnecting')
})

test('the publisher is dropped when that has not helped after 20 s, and then ever more rarely', async () => {
  const id = await live(7)
  await check(id, STALLED)
  await check(id, STALLED, 19_000)
  nginx.hls.set(id, 5)
  assert.deepEqual(nginx.drops, [`hls ${id}`])
  const dropsAt: number[] = []
  for (nowMs = 20_000; nowMs < 2_400_000; nowMs += 10_000) {
    const before = nginx.drops.length
    await check(id, STALLED)
    if (nginx.drops.length > before) dropsAt.push(nowMs)
    nginx.publish(id, 7)
  }
  assert.ok(nginx.drops.slice(1).every((drop) => drop === `live ${id} 7`))
  const waits = dropsAt.slice(1).map((at, n) => (at - (dropsAt[n] ?? 0)) / 1_000)
  assert.equal(dropsAt[0], 20_000)
  assert.deepEqual(waits.slice(0, 5), [120, 240, 480, 600, 600])
})

test('the next stall begins gently again', async () => {
  const id = await live()
  await check(id, STALLED)
  await put(control, id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date(Date.now() + 5_000) })
  await check(id, WRITTEN, 5_000)
  nginx.publish(id, 1)
  await check(id, STALLED, 30_000)
  assert.deepEqual(nginx.drops, [`hls ${id}`, `hls ${id}`])
})

test('nobody is dropped while the folder cannot be written, which is logged once for all streams', async () => {
  const some = [await live(1), await live(2)]
  const directories = some.map((id) => join(control.hlsDir, id))
  for (const directory of directories) {
    // The directory's name is taken by a file.
    await rm(directory, { recursive: true })
    await writeFile(directory, '')
  }
  for (let n = 0; n < 30; n++) for (const id of some) await check(id, STALLED, 5_000)
  assert.deepEqual(nginx.drops, [])
  for (const id of some) assert.equal(await statusOf(id), 'reconnecting')
  const said = () => control.logLines.filter((line) => /HLS_DIR (cannot|can) be written/.test(line))
  assert.equal(said().length, 1)
  for (const directory of directories) {
    await rm(directory)
    await mkdir(directory)
  }
  for (const id of some) await check(id, STALLED, 10_000)
  assert.deepEqual(
    nginx.drops,
    some.map((id) => `hls ${id}`),
  )
  assert.equal(said().length, 2)
})

test('a stream that was never live is left alone', async () => {
  const { id, streamKey } = await createStream(control)
  await publish(control, streamKey.value, 3)
  nginx.publish(id, 3)
  await check(id, STALLED)
  assert.equal(await statusOf(id), 'connecting')
  assert.deepEqual(nginx.drops, [])
})
