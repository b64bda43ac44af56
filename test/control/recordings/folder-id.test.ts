// The identity of a recordings folder.
import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { openFolder, RecordingsFolderError } from '../../../apps/control/recordings/folder-id.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'folder-id-'))
})
afterEach(() => rm(root, { recursive: true }))

test('a folder is made with an id, which it keeps, also when it is moved', async () => {
  const id = await openFolder(join(root, 'deep', 'recordings'))
  assert.match(id, /^[\w-]{21}$/)
  assert.equal(await openFolder(join(root, 'deep', 'recordings')), id)
  await cp(join(root, 'deep'), join(root, 'moved'), { recursive: true })
  assert.equal(await openFolder(join(root, 'moved', 'recordings')), id)
  assert.deepEqual(await readdir(join(root, 'moved', 'recordings')), ['.folder-id'])
})

test('two folders have two ids', async () => {
  assert.notEqual(await openFolder(join(root, 'a')), await openFolder(join(root, 'b')))
})

test('nodes that start at the same time agree on one id', async () => {
  const ids = await Promise.all(Array.from({ length: 50 }, () => openFolder(join(root, 'shared'))))
  assert.equal(new Set(ids).size, 1)
})

test('a file that another node is still writing is waited for', async () => {
  await writeFile(join(root, '.folder-id'), '')
  setTimeout(() => void writeFile(join(root, '.folder-id'), `${'x'.repeat(21)}\n`), 120)
  assert.equal(await openFolder(root), 'x'.repeat(21))
})

test('a folder that cannot be used is an error that names it and the setting', async () => {
  await writeFile(join(root, 'file'), '')
  const cannotBeMade = join(root, 'file', 'recordings')
  await assert.rejects(openFolder(cannotBeMade), (error: Error) => {
    assert.ok(error instanceof RecordingsFolderError)
    assert.match(error.message, /^RECORDINGS_DIR .*file\/recordings cannot be used: ENOTDIR/)
    return true
  })
  await writeFile(join(root, '.folder-id'), 'not an id at all\n')
  await assert.rejects(openFolder(root), /\.folder-id does not hold the id/)
  // Not even root may write here.
  await assert.rejects(
    openFolder('/proc/sys'),
    /^RecordingsFolderError: RECORDINGS_DIR \/proc\/sys cannot be used/,
  )
})
