import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { Logger } from '../../../apps/control/common/logger.ts'
import { HlsFolder } from '../../../apps/control/playlists/hls-folder.ts'
import { type PlaylistSeen, PlaylistWatcher } from '../../../apps/control/playlists/watcher.ts'
import { until } from '../../support/until.ts'

const silent: Logger = { fatal() {}, error() {}, warn() {}, info() {}, debug() {} }
let root: string
let folder: HlsFolder
let watcher: PlaylistWatcher
let seen: PlaylistSeen[]
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'hls-'))
  folder = new HlsFolder(root)
})
after(() => rm(root, { recursive: true }))
beforeEach(() => {
  seen = []
  watcher = new PlaylistWatcher(folder, silent)
  watcher.seen$.subscribe((playlist) => seen.push(playlist))
  watcher.start()
})
afterEach(() => watcher[Symbol.asyncDispose]())

const ids = () => [...new Set(seen.map((playlist) => playlist.id))]

/** Writes a playlist as nginx does: under another name, then renamed. */
async function write(id: string, modifiedAt?: Date): Promise<void> {
  const path = join(root, id, 'index.m3u8')
  await writeFile(`${path}.bak`, '#EXTM3U\n')
  if (modifiedAt !== undefined) await utimes(`${path}.bak`, modifiedAt, modifiedAt)
  await rename(`${path}.bak`, path)
}

async function prepareAndWatch(id: string, baselineAt: Date | null = null): Promise<void> {
  folder.prepare(id)
  watcher.watch(id, baselineAt)
}

/**
 * Waits until another stream's playlist is reported. Its directory does not exist when the watch begins, so
 * only the check of all streams, once a second, finds it: everything else has been reported by then.
 */
async function seesLaterPlaylist(id: string): Promise<void> {
  watcher.watch(id, null)
  await mkdir(join(root, id))
  await write(id)
  await until('another playlist', () => ids().includes(id))
}

test('watching a stream costs the same however many streams were watched before', async () => {
  const cost = async (from: number) => {
    const start = process.cpuUsage()
    for (let n = from; n < from + 200; n++) {
      await prepareAndWatch(`n${n}`)
      watcher.unwatch(`n${n}`)
    }
    return process.cpuUsage(start).user
  }
  await cost(0)
  const early = await cost(200)
  for (let n = 400; n < 1_600; n += 200) await cost(n)
  const late = await cost(1_600)
  assert.ok(late < early * 3, `${early} µs for the first 200, ${late} µs for the last`)
})

test('reports a stream’s first playlist and when it was written', async () => {
  await prepareAndWatch('first')
  await write('first', new Date('2026-01-02T03:04:05.678Z'))
  await until('the playlist to be reported', () => seen.length > 0)
  assert.deepEqual(seen[0], { id: 'first', modifiedAt: new Date('2026-01-02T03:04:05.678Z') })
})

test('reports a playlist that was there before the watch began', async () => {
  folder.prepare('early')
  await write('early')
  watcher.watch('early', null)
  await until('the playlist to be reported', () => ids().includes('early'))
})

test('ignores the playlist of the previous session and reports the new one', async () => {
  const before = new Date(Date.now() - 10_000)
  folder.prepare('back')
  await write('back', before)
  watcher.watch('back', before)
  await seesLaterPlaylist('other')
  await write('back', before)
  await seesLaterPlaylist('next')
  assert.ok(!ids().includes('back'))
  await write('back', new Date(before.getTime() + 1))
  await until('the playlist to be reported', () => ids().includes('back'))
  assert.ok(seen.every((playlist) => playlist.id !== 'back' || playlist.modifiedAt > before))
})

test('reports a playlist whose directory was made after the watch began', async () => {
  watcher.watch('later', null)
  await mkdir(join(root, 'later'))
  await write('later')
  await until('the playlist to be reported', () => ids().includes('later'))
})

test('reports a playlist whose directory was removed and made again', async () => {
  await prepareAndWatch('anew')
  await rm(join(root, 'anew'), { recursive: true })
  folder.prepare('anew')
  await write('anew')
  await until('the playlist to be reported', () => ids().includes('anew'))
})

test('ignores files that are not the playlist', async () => {
  await prepareAndWatch('files')
  await writeFile(join(root, 'files', '1.ts'), 'x')
  await writeFile(join(root, 'files', 'index.m3u8.bak'), 'x')
  await mkdir(join(root, 'files', 'sub'))
  await writeFile(join(root, 'files', 'sub', 'index.m3u8'), 'x')
  await seesLaterPlaylist('proof-files')
  assert.ok(!ids().includes('files') && !ids().includes('sub'))
})

test('reports nothing about an unwatched stream, and reports it again when it is watched again', async () => {
  await prepareAndWatch('gone')
  await write('gone')
  await until('the playlist to be reported', () => ids().includes('gone'))
  watcher.unwatch('gone')
  watcher.unwatch('gone')
  assert.equal(watcher.watchedCount, 0)
  seen.length = 0
  await write('gone')
  await seesLaterPlaylist('proof-gone')
  assert.ok(!ids().includes('gone'))
  await prepareAndWatch('gone', new Date(Date.now() - 1_000))
  await write('gone', new Date(Date.now() + 1_000))
  await until('the playlist to be reported again', () => ids().includes('gone'))
})

test('reports every one of many playlists that come at once', async () => {
  const many = Array.from({ length: 60 }, (_, n) => `many-${n}`)
  await Promise.all(many.map((id) => prepareAndWatch(id)))
  assert.equal(watcher.watchedCount, 60)
  await Promise.all(many.map((id) => write(id)))
  await until('all of them', () => many.every((id) => ids().includes(id)))
})

test('keeps no inotify watch on unwatched streams', async () => {
  const before = await watches()
  for (let round = 0; round < 3; round++) {
    const some = Array.from({ length: 20 }, (_, n) => `unwatched-${n}`)
    await Promise.all(some.map((id) => prepareAndWatch(id)))
    await Promise.all(some.map((id) => write(id)))
    await until('all of them', () => some.every((id) => ids().includes(id)))
    assert.ok((await watches()) >= before + some.length)
    for (const id of some) watcher.unwatch(id)
    seen.length = 0
  }
  await until('the watches to be gone', async () => (await watches()) <= before)
})

test('reports nothing after it is disposed, which may be done twice', async () => {
  await prepareAndWatch('over')
  await watcher[Symbol.asyncDispose]()
  await watcher[Symbol.asyncDispose]()
  await write('over')
  assert.deepEqual(ids(), [])
})

/** How many inotify watches this process has. */
async function watches(): Promise<number> {
  const infos = await Promise.all(
    (await readdir('/proc/self/fdinfo')).map((fd) =>
      readFile(`/proc/self/fdinfo/${fd}`, 'utf8').catch(() => ''),
    ),
  )
  return infos.join('').split('inotify wd:').length - 1
}
