import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { newStreamId } from '../../../apps/control/domain/keys.ts'
import { LeftPlaylists } from '../../../apps/control/ingest/left-playlists.ts'
import { HlsFolder } from '../../../apps/control/playlists/hls-folder.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { createStream, goLive, publish, put } from '../support/api.ts'
import { HlsWriter } from '../support/hls-writer.ts'

const NOBODY = { live: new Map(), hls: new Map(), nginx: '1-100' }

let control: TestControl
let folder: HlsFolder
/** As in a process that has just started: it remembers nothing. */
let left: LeftPlaylists
let nowMs: number
before(async () => {
  control = await startControl()
})
after(() => control[Symbol.asyncDispose]())
beforeEach(() => {
  nowMs = 0
  folder = new HlsFolder(control.hlsDir)
  const { store, logger } = control.context
  left = new LeftPlaylists({ store, folder, logger, nodeId: 'test', monotonicMs: () => nowMs })
})

/** A directory in which nothing has happened for a while, with a playlist. */
async function playlist(id: string): Promise<void> {
  await new HlsWriter(control.hlsDir, id).segment('x')
  await makeOld(id)
}

async function makeOld(id: string): Promise<void> {
  const old = new Date(Date.now() - 60_000)
  await utimes(folder.directory(id), old, old)
}

/** A stream that has been live on a node, and is no longer. */
async function liveOn(nodeId: string): Promise<string> {
  const issued = await createStream(control)
  await goLive(control, issued)
  await control.database.query('UPDATE streams SET node_id = ?, version = version + 1 WHERE id = ?', [
    nodeId,
    issued.id,
  ])
  return issued.id
}

const isEnded = async (id: string) =>
  (await readFile(join(folder.directory(id), 'index.m3u8'), 'utf8')).includes('#EXT-X-ENDLIST')

test('a playlist whose stream went on at another node gets its end, after a restart, too', async () => {
  const id = await liveOn('another')
  await playlist(id)
  await left.round({ ...NOBODY, hls: new Map([[id, 1]]) }, new Set())
  assert.ok(!(await isEnded(id)), 'not while nginx writes it')
  await left.round(NOBODY, new Set())
  assert.ok(!(await isEnded(id)), 'the folder is swept only now and then')
  nowMs += 300_000
  await left.round(NOBODY, new Set())
  assert.ok(await isEnded(id))
})

test('a playlist that lost its end gets it again', async () => {
  const id = await liveOn('test')
  await put(control, id, { kind: 'end-requested', by: 'owner' })
  await put(control, id, { kind: 'playlist-closed', nodeId: 'test' })
  await playlist(id)
  await left.round(NOBODY, new Set())
  assert.ok(await isEnded(id))
})

test('a playlist that is open on this node, or of a stream that nobody knows, is left alone', async () => {
  const [open, unknown] = [await liveOn('test'), newStreamId()]
  for (const id of [open, unknown]) await playlist(id)
  await left.round(NOBODY, new Set())
  for (const id of [open, unknown]) assert.ok(!(await isEnded(id)))
})

test('a directory that an admission has left behind is removed, once no admission can be under way', async () => {
  const { id } = await createStream(control)
  folder.prepare(id)
  await left.round(NOBODY, new Set())
  assert.ok(existsSync(folder.directory(id)), 'it may be being committed')
  await makeOld(id)
  nowMs += 30_000
  await left.round(NOBODY, new Set())
  assert.ok(!existsSync(folder.directory(id)))
})

test('a folder in which nothing is left to do costs no query', async () => {
  const ids = [await liveOn('another'), newStreamId(), newStreamId()]
  for (const id of ids) await playlist(id)
  const asked: string[] = []
  const { store, logger } = control.context
  const find = async (id: string) => {
    asked.push(id)
    return store.find(id)
  }
  const counting = Object.assign(Object.create(store), { find })
  left = new LeftPlaylists({ store: counting, folder, logger, nodeId: 'test', monotonicMs: () => nowMs })
  await left.round(NOBODY, new Set())
  for (const id of ids) assert.ok(asked.includes(id))
  for (const id of ids) await makeOld(id)
  nowMs += 300_000
  await left.round(NOBODY, new Set())
  asked.length = 0
  nowMs += 300_000
  await left.round(NOBODY, new Set())
  for (const id of ids) assert.ok(!asked.includes(id))
})

test('a publisher that is not let in leaves no directory', async () => {
  const { id, streamKey } = await createStream(control)
  // Another node ends the stream; this one has not heard of it.
  await control.database.query(
    "UPDATE streams SET status = 'ended', ended_at = UTC_TIMESTAMP(3), version = version + 1 WHERE id = ?",
    [id],
  )
  assert.equal((await publish(control, streamKey.value)).status, 403)
  assert.ok(!existsSync(folder.directory(id)))
})
