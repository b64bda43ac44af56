import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { HlsFolder } from '../../../apps/control/playlists/hls-folder.ts'
import { Archive } from '../../../apps/control/recordings/archive.ts'
import { FolderStorage } from '../../../apps/control/recordings/folder-storage.ts'
import { segmentName } from '../../../apps/control/recordings/segment-name.ts'
import type { Storage } from '../../../apps/control/recordings/storage.ts'
import { HlsWriter } from '../support/hls-writer.ts'

const ID = 'a'.repeat(20)
const never = new AbortController().signal
let root: string
let hls: HlsWriter
let folder: HlsFolder
let storage: FolderStorage
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'archive-'))
  hls = new HlsWriter(join(root, 'hls'), ID)
  folder = new HlsFolder(join(root, 'hls'))
  storage = new FolderStorage(join(root, 'recordings'), 0)
})
afterEach(() => rm(root, { recursive: true }))

const archiveOn = (on: Storage = storage) => new Archive(ID, { storage: on, folder, turn: (work) => work() })
const kept = async () => (await storage.list(ID)).map(({ name }) => name).sort()

/** A storage that fails whenever it is told to, and counts what it is asked to keep. */
function moody(isFailing: () => boolean): Storage & { asked: string[] } {
  const asked: string[] = []
  return {
    ...{ kind: 'folder', fetchCopies: false, asked },
    hasRoom: () => storage.hasRoom(),
    isFull: (error) => storage.isFull(error),
    list: (id) => storage.list(id),
    keep: async (id, name, path) => {
      asked.push(name)
      if (isFailing()) throw new Error('the storage is away')
      await storage.keep(id, name, path)
    },
    write: (id, name, text) => storage.write(id, name, text),
    fetch: (id, name) => storage.fetch(id, name),
    remove: (id) => storage.remove(id),
  }
}

test('keeps what the playlist lists, each once, and what it says of it', async () => {
  const archive = archiveOn()
  await hls.segment('one')
  await hls.segment('two')
  assert.equal(await archive.catchUp(never), false)
  await hls.segment('three', true)
  await archive.catchUp(never)
  await archive.catchUp(never)
  assert.deepEqual(await kept(), archive.segments.map(segmentName))
  assert.deepEqual(
    archive.segments.map(({ sequence, durationMs, discontinuity }) => [sequence, durationMs, discontinuity]),
    [
      [0, 3_000, true],
      [1, 3_000, false],
      [2, 3_000, true],
    ],
  )
  assert.deepEqual(archive.totals, { durationMs: 9_000, sizeBytes: 11, missingSegments: 0 })
  const path = await storage.fetch(ID, (await kept())[2] ?? '')
  assert.equal(await readFile(path, 'utf8'), 'three')
})

test('another archive goes on from what the storage holds: nothing missing, nothing twice', async () => {
  await hls.segment('one')
  await archiveOn().catchUp(never)
  await hls.segment('two')
  const counting = moody(() => false)
  const next = archiveOn(counting)
  await next.catchUp(never)
  assert.equal(counting.asked.length, 1)
  assert.deepEqual([next.segments.length, next.totals?.sizeBytes], [2, 6])
})

test('what the storage fails at is tried again, and what comes meanwhile is not forgotten', async () => {
  let away = false
  const archive = archiveOn(moody(() => away))
  await hls.segment('one')
  await archive.catchUp(never)
  away = true
  await hls.segment('two')
  await assert.rejects(archive.catchUp(never), /away/)
  await hls.segment('three')
  await assert.rejects(archive.catchUp(never), /away/)
  assert.equal(archive.segments.length, 1)
  away = false
  await archive.catchUp(never)
  assert.equal(archive.segments.length, 3)
})

test('what nginx has removed before it could be kept is missing, and counted', async () => {
  await hls.segment('one')
  await hls.lose(await hls.segment('two'))
  await hls.segment('three')
  const archive = archiveOn()
  await archive.catchUp(never)
  assert.deepEqual([archive.segments.length, archive.totals?.missingSegments], [2, 1])
  assert.deepEqual(await kept(), archive.segments.map(segmentName))
})

test('says when the playlist has its end, or is not there', async () => {
  const archive = archiveOn()
  assert.equal(await archive.catchUp(never), true)
  await hls.segment('one')
  assert.equal(await archive.catchUp(never), false)
  await folder.close(ID)
  assert.equal(await archive.catchUp(never), true)
  assert.equal(archive.segments.length, 1)
})

test('stops between two segments when nobody wants it any more', async () => {
  await hls.segment('one')
  await assert.rejects(archiveOn().catchUp(AbortSignal.abort()), /abort/i)
  assert.deepEqual(await kept(), [])
})
