import assert from 'node:assert/strict'
import { access, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { HlsFolder } from '../../../apps/control/playlists/hls-folder.ts'

const PLAYLIST = '#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:3.000,\n1.ts\n'
let root: string
let folder: HlsFolder
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'hls-'))
  folder = new HlsFolder(root)
})
after(() => rm(root, { recursive: true }))

const path = (id: string) => join(root, id, 'index.m3u8')
const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  )

describe('a stream’s directory', () => {
  test('is made before nginx writes, readable for everybody, with a marker that keeps nginx from removing it', async () => {
    folder.prepare('a')
    const { mode, uid, gid } = await stat(join(root, 'a'))
    assert.equal(mode & 0o755, 0o755)
    const owner = await stat(root)
    assert.deepEqual([uid, gid], [owner.uid, owner.gid])
    assert.equal((await readdir(join(root, 'a'))).length, 1, 'nginx removes empty directories')
    folder.prepare('a')
  })

  test('loses its marker once its playlist is there', async () => {
    folder.prepare('b')
    await folder.removeMarker('b')
    assert.deepEqual(await readdir(join(root, 'b')), [])
    await folder.removeMarker('b')
    await folder.removeMarker('never-made')
    assert.ok(!(await exists(join(root, 'never-made'))))
  })
})

describe('a playlist', () => {
  test('has the time when it was last written; null when there is none', async () => {
    assert.equal(await folder.modifiedAt('c'), null)
    folder.prepare('c')
    assert.equal(await folder.modifiedAt('c'), null)
    await writeFile(path('c'), PLAYLIST)
    const when = new Date('2026-01-02T03:04:05.678Z')
    await utimes(path('c'), when, when)
    assert.deepEqual(await folder.modifiedAt('c'), when)
  })

  test('that cannot be read is an error, not null', async () => {
    await writeFile(join(root, 'file'), '')
    await assert.rejects(folder.modifiedAt('file'))
  })

  test('is ended once, and nothing else in it changes', async () => {
    folder.prepare('d')
    await writeFile(path('d'), PLAYLIST)
    await folder.close('d')
    assert.equal(await readFile(path('d'), 'utf8'), `${PLAYLIST}#EXT-X-ENDLIST\n`)
    const { mtimeMs } = await stat(path('d'))
    await folder.close('d')
    assert.equal(await readFile(path('d'), 'utf8'), `${PLAYLIST}#EXT-X-ENDLIST\n`)
    assert.equal((await stat(path('d'))).mtimeMs, mtimeMs)
    assert.deepEqual(await readdir(join(root, 'd')), ['index.m3u8'], 'no temporary file is left')
  })

  test('whose last line has no line break gets EXT-X-ENDLIST on a line of its own', async () => {
    folder.prepare('e')
    await writeFile(path('e'), PLAYLIST.trimEnd())
    await folder.close('e')
    assert.equal(await readFile(path('e'), 'utf8'), `${PLAYLIST}#EXT-X-ENDLIST\n`)
  })

  test('keeps its owner and stays readable for everybody when it is ended', async () => {
    const { mode, uid } = await stat(path('d'))
    assert.equal(mode & 0o444, 0o444)
    assert.equal(uid, (await stat(root)).uid)
  })

  test('that never came leaves no directory behind', async () => {
    folder.prepare('f')
    await folder.close('f')
    assert.ok(!(await exists(join(root, 'f'))))
    await folder.close('f')
    await folder.close('never-made')
  })

  test('that never came leaves a directory that contains something else', async () => {
    folder.prepare('g')
    await mkdir(join(root, 'g', 'more'))
    await folder.close('g')
    assert.deepEqual(await readdir(join(root, 'g')), ['more'])
  })
})
