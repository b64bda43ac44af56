import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { HlsFolder } from '../../../apps/control/playlists/hls-folder.ts'
import { WriteProgress } from '../../../apps/control/playlists/write-progress.ts'
import { HlsWriter } from '../support/hls-writer.ts'

const SEGMENTS_AFTER_MS = 12_000
let root: string
let writer: HlsWriter
let progress: WriteProgress
let nowMs: number
let id: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'hls-'))
})
after(() => rm(root, { recursive: true }))
let streams = 0
beforeEach(async () => {
  id = `stream${streams++}`
  nowMs = 0
  progress = new WriteProgress(new HlsFolder(root), () => nowMs)
  writer = new HlsWriter(root, id)
  await writer.segment('x')
  await look()
})

async function look(afterMs = 0, session = 'first'): Promise<[playlistMs: number, anyFileMs: number]> {
  nowMs += afterMs
  const { playlistMs, anyFileMs } = await progress.look(id, session, SEGMENTS_AFTER_MS)
  return [playlistMs, anyFileMs]
}

/** The segment that nginx is writing: not in the playlist yet. */
const growing = () => join(writer.directory, '9999999999999.ts')

test('tells for how long a playlist has not been written', async () => {
  assert.deepEqual(await look(2_000), [2_000, 2_000])
  assert.deepEqual(await look(3_000), [5_000, 5_000])
  await writer.segment('x')
  assert.deepEqual(await look(4_000), [0, 0])
})

test('sees that the segment behind an old playlist grows', async () => {
  await writeFile(growing(), 'x')
  assert.deepEqual(await look(12_000), [12_000, 0], 'once is not enough to tell')
  await appendFile(growing(), 'x')
  assert.deepEqual(await look(5_000), [17_000, 0])
  assert.deepEqual(await look(5_000), [22_000, 5_000])
})

test('is not deceived by the empty segments that nginx makes on a full disk', async () => {
  await look(12_000)
  await writeFile(growing(), '')
  assert.deepEqual(await look(4_000), [16_000, 4_000])
  await writeFile(join(writer.directory, '9999999999999.ts.bak'), 'x')
  assert.deepEqual(await look(4_000), [20_000, 8_000])
})

test('counts from the beginning of the session', async () => {
  await look(60_000)
  assert.deepEqual(await look(0, 'second'), [0, 0])
  assert.deepEqual(await look(3_000, 'second'), [3_000, 3_000])
})

test('knows nothing of streams that it was told to forget', async () => {
  await look(5_000)
  progress.keepOnly(new Set())
  assert.deepEqual(await look(5_000), [0, 0])
})
