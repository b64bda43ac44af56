import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'
import { createStream, goLive, put, readStream } from '../support/api.ts'

const SUMMARY = { durationMs: 3_000, missingSegments: 0, hasPlaylist: true, hasMp4: true, hasPoster: true }
let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(() => database[Symbol.asyncDispose]())

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
  await using control = await startControl({ database })
  const [old, young] = [await finished(control, 1), await finished(control, 1)]
  await finishedDaysAgo(old, 8)
  await finishedDaysAgo(young, 6)
  await using strict = await startControl({ database, env: { NODE_ID: 'test2', RECORDINGS_MAX_AGE: '7' } })
  // Another node's folder is that node's.
  assert.deepEqual(await whichAreLeft(strict, [old, young]), [old, young])
  await control[Symbol.asyncDispose]()
  await using own = await startControl({ database, env: { RECORDINGS_MAX_AGE: '7' } })
  await until('the old one to be deleted', async () => (await whichAreLeft(own, [old, young])).length === 1)
  assert.deepEqual(await whichAreLeft(own, [old, young]), [young])
})

test('deletes the oldest recordings while all together are larger than RECORDINGS_MAX_BYTES', async () => {
  await using control = await startControl({ database, env: { RECORDINGS_MAX_BYTES: '250' } })
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
  await using control = await startControl({ database })
  const id = await finished(control, Number.MAX_SAFE_INTEGER)
  await finishedDaysAgo(id, 10_000)
  await control[Symbol.asyncDispose]()
  await using again = await startControl({ database })
  assert.deepEqual(await whichAreLeft(again, [id]), [id])
})
