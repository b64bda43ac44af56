// Which finished recordings are deleted by age and by size, and by which nodes.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startControl, type TestControl } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'
import { createStream, goLive, put, readStream } from '../support/api.ts'

const SUMMARY = { durationMs: 3_000, missingSegments: 0, hasPlaylist: true, hasMp4: true, hasPoster: true }
let database: TestDatabase
let recordingsDir: string
beforeEach(async () => {
  database = await createTestDatabase()
  recordingsDir = await mkdtemp(join(tmpdir(), 'retention-'))
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
  await rm(recordingsDir, { recursive: true })
})

/** A node that stores recordings in the folder that all nodes of a test share. */
const start = (env: Record<string, string> = {}) => startControl({ database, recordingsDir, env })

/** A finished recording of that many bytes, of a stream without segments. */
async function finished(control: TestControl, sizeBytes: number): Promise<string> {
  const issued = await createStream(control, { record: true })
  await goLive(control, issued)
  const summary = { ...SUMMARY, sizeBytes }
  await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
  await put(control, issued.id, { kind: 'recording-finished', summary })
  return issued.id
}

/** Changes when a recording was finished. */
async function finishedDaysAgo(id: string, days: number): Promise<void> {
  const sql = 'UPDATE streams SET recording_finished_at = ? WHERE id = ?'
  const when = new Date(Date.now() - days * 24 * 60 * 60 * 1_000).toISOString().slice(0, 23).replace('T', ' ')
  await database.query(sql, [when, id])
}

async function whichAreLeft(control: TestControl, ids: readonly string[]): Promise<string[]> {
  const streams = await Promise.all(ids.map((id) => readStream(control, id)))
  return streams.filter(({ recording }) => recording !== null).map(({ id }) => id)
}

test('deletes recordings that are older than RECORDINGS_MAX_AGE', async () => {
  await using control = await start()
  const [old, young] = [await finished(control, 1), await finished(control, 1)]
  await finishedDaysAgo(old, 8)
  await finishedDaysAgo(young, 6)
  await control[Symbol.asyncDispose]()
  await using again = await start({ RECORDINGS_MAX_AGE: '7' })
  await until('the old one to be deleted', async () => (await whichAreLeft(again, [old, young])).length === 1)
  assert.deepEqual(await whichAreLeft(again, [old, young]), [young])
})

test('deletes the oldest recordings while all together are larger than RECORDINGS_MAX_BYTES', async () => {
  await using control = await start({ RECORDINGS_MAX_BYTES: '250' })
  const ids = [await finished(control, 100), await finished(control, 100)]
  assert.deepEqual(await whichAreLeft(control, ids), ids)
  ids.push(await finished(control, 100))
  await until('the first to be deleted', async () => (await whichAreLeft(control, ids)).length === 2)
  assert.deepEqual(await whichAreLeft(control, ids), ids.slice(1))
  ids.push(await finished(control, 240))
  await until('all but the newest to be deleted', async () => (await whichAreLeft(control, ids)).length === 1)
  assert.deepEqual(await whichAreLeft(control, ids), ids.slice(3))
})

test('deletes nothing when no limit is set', async () => {
  await using control = await start()
  const id = await finished(control, Number.MAX_SAFE_INTEGER)
  await finishedDaysAgo(id, 10_000)
  await control[Symbol.asyncDispose]()
  await using again = await start()
  assert.deepEqual(await whichAreLeft(again, [id]), [id])
})

test('nodes that share a folder count all recordings in it, and delete no more than one node would', async () => {
  const limit = { RECORDINGS_MAX_BYTES: '250' }
  await using a = await start({ ...limit, NODE_ID: 'a' })
  await using b = await start({ ...limit, NODE_ID: 'b' })
  const ids: string[] = []
  for (const control of [a, b, a, b]) ids.push(await finished(control, 100))
  await until('two to be deleted', async () => (await whichAreLeft(a, ids)).length === 2)
  await delay(300)
  assert.deepEqual(await whichAreLeft(b, ids), ids.slice(2))
})

test('a recording that is finished during a check is counted right after it', async () => {
  await using control = await start({ RECORDINGS_MAX_BYTES: '250' })
  const { store } = control.context
  const ids = [await finished(control, 240)]
  const apply = store.apply.bind(store)
  let isSlow = true
  store.apply = async (id, decide) => {
    if (isSlow && id === ids[0]) {
      isSlow = false
      // While the check deletes the first one, two more are finished.
      ids.push(await finished(control, 150), await finished(control, 150))
    }
    return apply(id, decide)
  }
  ids.push(await finished(control, 20))
  await until('the check', () => ids.length === 4)
  await until('all but the last to be deleted', async () => (await whichAreLeft(control, ids)).length === 1)
})

test('a recording whose files are still being removed makes no other one too large', async () => {
  await using control = await start({ RECORDINGS_MAX_BYTES: '250' })
  const leaving = await finished(control, 100)
  await mkdir(join(recordingsDir, leaving))
  await writeFile(join(recordingsDir, leaving, 'index.m3u8'), 'x'.repeat(100))
  await database.query("UPDATE streams SET recording_status = 'deleting' WHERE id = ?", [leaving])
  const ids = [await finished(control, 100), await finished(control, 100)]
  await delay(500)
  assert.deepEqual(await whichAreLeft(control, ids), ids)
})

test('a recording that another node is still making counts', async () => {
  await using control = await start({ RECORDINGS_MAX_BYTES: '250', NODE_ID: 'a' })
  await using other = await start({ NODE_ID: 'b' })
  const ids = [await finished(control, 100), await finished(control, 100)]
  const live = await createStream(other, { record: true })
  await goLive(other, live)
  await mkdir(join(recordingsDir, live.id))
  await writeFile(join(recordingsDir, live.id, '1795255832481-0-3000-d.ts'), 'x'.repeat(100))
  ids.push(await finished(control, 10))
  await until('the oldest to be deleted', async () => (await whichAreLeft(control, ids)).length === 2)
  assert.deepEqual(await whichAreLeft(control, ids), ids.slice(1))
})

test('a node deletes nothing that is in another node’s folder', async () => {
  const own = await mkdtemp(join(tmpdir(), 'retention-'))
  try {
    await using owner = await start({ NODE_ID: 'owner' })
    const ids = [await finished(owner, 100), await finished(owner, 100)]
    await finishedDaysAgo(ids[0] ?? '', 8)
    const env = { NODE_ID: 'other', RECORDINGS_MAX_AGE: '7', RECORDINGS_MAX_BYTES: '50' }
    await using other = await startControl({ database, recordingsDir: own, env })
    const mine = await finished(other, 60)
    await until('its own to be deleted', async () => (await whichAreLeft(other, [mine])).length === 0)
    assert.deepEqual(await whichAreLeft(other, ids), ids)
  } finally {
    await rm(own, { recursive: true })
  }
})
