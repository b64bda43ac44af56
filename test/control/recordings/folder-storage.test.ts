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
  await writeFile(join(root, '1.ts'), 'a segment')
})
after(() => rm(root, { recursive: true }))

const text = async (name: string, id = ID) => readFile(await storage.fetch(id, name), 'utf8')

test('keeps a file without a copy of it where the file system can, and once', async () => {
  await storage.keep(ID, 'kept.ts', join(root, '1.ts'))
  await storage.keep(ID, 'kept.ts', join(root, '1.ts'))
  const [one, other] = await Promise.all([stat(join(root, '1.ts')), stat(await storage.fetch(ID, 'kept.ts'))])
  assert.equal(one.ino, other.ino)
  assert.deepEqual(await storage.list(ID), [{ name: 'kept.ts', sizeBytes: 9 }])
})

test('what is kept anew takes the place of what was there', async () => {
  await writeFile(join(root, 'other'), 'another')
  await storage.keep(ID, 'again.ts', join(root, '1.ts'))
  await storage.keep(ID, 'again.ts', join(root, 'other'))
  assert.equal(await text('again.ts'), 'another')
  assert.deepEqual(
    (await readdir(join(root, 'recordings', ID))).filter((name) => name.startsWith('.')),
    [],
  )
})

test('copies it where it can’t be linked', async (t) => {
  const elsewhere = await mkdtemp('/dev/shm/onair-').catch(() => null)
  if (elsewhere === null || (await stat(elsewhere)).dev === (await stat(root)).dev)
    return t.skip('there is no second file system here')
  try {
    await writeFile(join(elsewhere, '2.ts'), 'from elsewhere')
    await storage.keep(ID, 'copied.ts', join(elsewhere, '2.ts'))
    assert.equal(await text('copied.ts'), 'from elsewhere')
  } finally {
    await rm(elsewhere, { recursive: true })
  }
})

test('a file that is not there is an error, and leaves nothing behind', async () => {
  await assert.rejects(storage.keep(ID, 'none.ts', join(root, 'none.ts')), { code: 'ENOENT' })
  assert.ok(!(await storage.list(ID)).some(({ name }) => name === 'none.ts'))
})

test('what is only half there is not listed', async () => {
  const id = 'b'.repeat(20)
  await storage.write(id, 'index.m3u8', '#EXTM3U\n')
  await writeFile(join(root, 'recordings', id, '.half'), 'x')
  assert.deepEqual(await storage.list(id), [{ name: 'index.m3u8', sizeBytes: 8 }])
  await storage.write(id, 'index.m3u8', 'anew')
  assert.equal(await text('index.m3u8', id), 'anew')
})

test('removes all of a stream, and nothing else; twice is no error', async () => {
  const id = 'c'.repeat(20)
  await storage.write(id, 'index.m3u8', 'x')
  await storage.remove(id)
  await storage.remove(id)
  assert.deepEqual(await storage.list(id), [])
  await access(await storage.fetch(ID, 'kept.ts'))
})
