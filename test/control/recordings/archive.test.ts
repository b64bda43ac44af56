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
  await storage.open()
})
afterEach(() => rm(root, { recursive: true }))

const archiveOn = (on: Storage = storage, nodeId = 'node-a') =>
  new Archive(ID, { storage: on, folder, nodeId, limit: (work) => work() })
const storedNames = async () => (await storage.list(ID)).map(({ name }) => name).sort()

/** A storage that fails to store files when `isFailing` says so, and remembers which it was asked to store. */
function unreliable(isFailing: () => boolean): Storage & { asked: string[] } {
  const asked: string[] = []
  return {
    ...{ kind: 'folder', id: storage.id, fetchCopies: false, asked },
    hasRoom: () => storage.hasRoom(),
    isFull: (error) => storage.isFull(error),
    list: (id) => storage.list(id),
    storeFile: async (id, name, path) => {
      asked.push(name)
      if (isFailing()) throw new Error('the storage is away')
      await storage.storeFile(id, name, path)
    },
    storeText: (id, name, text) => storage.storeText(id, name, text),
    fetch: (id, name) => storage.fetch(id, name),
    remove: (id) => storage.remove(id),
  }
}

test('stores each segment that the playlist lists once, with what the playlist says about it', async () => {
  const archive = archiveOn()
  await hls.segment('one')
  await hls.segment('two')
  assert.equal(await archive.storeNewSegments(never), false)
  await hls.segment('three', true)
  await archive.storeNewSegments(never)
  await archive.storeNewSegments(never)
  assert.deepEqual(await storedNames(), archive.segments.map(segmentName))
  assert.deepEqual(
    archive.segments.map(({ sequence, durationMs, discontinuity }) => [sequence, durationMs, discontinuity]),
    [
      [0, 3_000, true],
      [1, 3_000, false],
      [2, 3_000, true],
    ],
  )
  assert.deepEqual(archive.totals, { durationMs: 9_000, sizeBytes: 11, missingSegments: 0 })
  const path = await storage.fetch(ID, (await storedNames())[2] ?? '')
  assert.equal(await readFile(path, 'utf8'), 'three')
})

test('another archive continues from what the storage lists: nothing is missing, nothing is stored twice', async () => {
  await hls.segment('one')
  await archiveOn().storeNewSegments(never)
  await hls.segment('two')
  const counting = unreliable(() => false)
  const next = archiveOn(counting)
  await next.storeNewSegments(never)
  assert.equal(counting.asked.length, 1)
  assert.deepEqual([next.segments.length, next.totals?.sizeBytes], [2, 6])
})

test('segments that the storage failed to store are stored later, and so are those that came meanwhile', async () => {
  let isAway = false
  const archive = archiveOn(unreliable(() => isAway))
  await hls.segment('one')
  await archive.storeNewSegments(never)
  isAway = true
  await hls.segment('two')
  await assert.rejects(archive.storeNewSegments(never), /away/)
  await hls.segment('three')
  await assert.rejects(archive.storeNewSegments(never), /away/)
  assert.equal(archive.segments.length, 1)
  isAway = false
  await archive.storeNewSegments(never)
  assert.equal(archive.segments.length, 3)
})

test('a segment that nginx removed before it was stored counts as missing', async () => {
  await hls.segment('one')
  await hls.lose(await hls.segment('two'))
  await hls.segment('three')
  const archive = archiveOn()
  await archive.storeNewSegments(never)
  assert.deepEqual([archive.segments.length, archive.totals?.missingSegments], [2, 1])
  assert.deepEqual(await storedNames(), archive.segments.map(segmentName))
})

test('segments of two nodes that began in the same millisecond are both stored', async () => {
  await hls.segment('one')
  await archiveOn(storage, 'node-a').storeNewSegments(never)
  const other = archiveOn(storage, 'node-b')
  await other.storeNewSegments(never)
  assert.equal(other.segments.length, 2)
  assert.deepEqual(other.own, { segments: 1, sizeBytes: 3 })
  assert.equal(other.totals?.missingSegments, 0)
})

test('reports when nginx will add no more segments: the playlist has its ENDLIST, or there is none', async () => {
  const archive = archiveOn()
  assert.equal(await archive.storeNewSegments(never), true)
  await hls.segment('one')
  assert.equal(await archive.storeNewSegments(never), false)
  await folder.close(ID)
  assert.equal(await archive.storeNewSegments(never), true)
  assert.equal(archive.segments.length, 1)
})

test('stops before the next segment when it is aborted', async () => {
  await hls.segment('one')
  await assert.rejects(archiveOn().storeNewSegments(AbortSignal.abort()), /abort/i)
  assert.deepEqual(await storedNames(), [])
})
