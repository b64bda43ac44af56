import assert from 'node:assert/strict'
import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { FolderStorage } from '../../../apps/control/recordings/folder-storage.ts'

const ID = 'a'.repeat(20)
let root: string
let storage: FolderStorage
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'folder-'))
  storage = new FolderStorage(join(root, 'recordings'), 0)
  await storage.open()
  await writeFile(join(root, '1.ts'), 'a segment')
})
after(() => rm(root, { recursive: true }))

const text = async (name: string, id = ID) => readFile(await storage.fetch(id, name), 'utf8')

test('stores a file as a hard link where the file system allows it; twice is no error', async () => {
  await storage.storeFile(ID, 'stored.ts', join(root, '1.ts'))
  await storage.storeFile(ID, 'stored.ts', join(root, '1.ts'))
  const [one, other] = await Promise.all([
    stat(join(root, '1.ts')),
    stat(await storage.fetch(ID, 'stored.ts')),
  ])
  assert.equal(one.ino, other.ino)
  assert.deepEqual(await storage.list(ID), [{ name: 'stored.ts', sizeBytes: 9 }])
})

test('a file that is stored again replaces the earlier one', async () => {
  await writeFile(join(root, 'other'), 'another')
  await storage.storeFile(ID, 'again.ts', join(root, '1.ts'))
  await storage.storeFile(ID, 'again.ts', join(root, 'other'))
  assert.equal(await text('again.ts'), 'another')
  assert.deepEqual(
    (await readdir(join(root, 'recordings', ID))).filter((name) => name.startsWith('.')),
    [],
  )
})

test('copies a file from another file system', async (t) => {
  const elsewhere = await mkdtemp('/dev/shm/onair-').catch(() => null)
  if (elsewhere === null || (await stat(elsewhere)).dev === (await stat(root)).dev)
    return t.skip('there is no second file system here')
  try {
    await writeFile(join(elsewhere, '2.ts'), 'from elsewhere')
    await storage.storeFile(ID, 'copied.ts', join(elsewhere, '2.ts'))
    assert.equal(await text('copied.ts'), 'from elsewhere')
  } finally {
    await rm(elsewhere, { recursive: true })
  }
})

test('storing a file that does not exist fails, and leaves nothing behind', async () => {
  await assert.rejects(storage.storeFile(ID, 'none.ts', join(root, 'none.ts')), { code: 'ENOENT' })
  assert.ok(!(await storage.list(ID)).some(({ name }) => name === 'none.ts'))
})

test('a file that is still being written is not listed', async () => {
  const id = 'b'.repeat(20)
  await storage.storeText(id, 'index.m3u8', '#EXTM3U\n')
  await writeFile(join(root, 'recordings', id, '.draft'), 'x')
  assert.deepEqual(await storage.list(id), [{ name: 'index.m3u8', sizeBytes: 8 }])
  await storage.storeText(id, 'index.m3u8', 'anew')
  assert.equal(await text('index.m3u8', id), 'anew')
})

test('removes all files of a stream and of no other; twice is no error', async () => {
  const id = 'c'.repeat(20)
  await storage.storeText(id, 'index.m3u8', 'x')
  await storage.remove(id)
  await storage.remove(id)
  assert.deepEqual(await storage.list(id), [])
  await access(await storage.fetch(ID, 'stored.ts'))
})
