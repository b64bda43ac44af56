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

/** A finished recording of that many bytes; without a segment, so that no recorder touches it. */
async function finished(control: TestControl, sizeBytes: number): Promise<string> {
  const issued = await createStream(control, { record: true })
  await goLive(control, issued)
  const summary = { ...SUMMARY, sizeBytes }
  await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
  await put(control, issued.id, { kind: 'recording-finished', summary })
  return issued.id
}

/** The clock of the recorder's own writing is the database's row; this sets it back. */
async function finishedDaysAgo(id: string, days: number): Promise<void> {
  const sql = 'UPDATE streams SET recording_finished_at = ? WHERE id = ?'
  const when = new Date(Date.now() - days * 24 * 60 * 60 * 1_000).toISOString().slice(0, 23).replace('T', ' ')
  await database.query(sql, [when, id])
}

async function whichAreLeft(control: TestControl, ids: readonly string[]): Promise<string[]> {
  const streams = await Promise.all(ids.map((id) => readStream(control, id)))
  return streams.filter(({ recording }) => recording !== null).map(({ id }) => id)
}

test('what is older than RECORDINGS_MAX_AGE goes', async () => {
  await using control = await startControl({ database })
  const [old, young] = [await finished(control, 1), await finished(control, 1)]
  await finishedDaysAgo(old, 8)
  await finishedDaysAgo(young, 6)
  await using strict = await startControl({ database, env: { NODE_ID: 'test2', RECORDINGS_MAX_AGE: '7' } })
  // Another node's folder is that node's.
  assert.deepEqual(await whichAreLeft(strict, [old, young]), [old, young])
  await control[Symbol.asyncDispose]()
  await using own = await startControl({ database, env: { RECORDINGS_MAX_AGE: '7' } })
  await until('the old one to go', async () => (await whichAreLeft(own, [old, young])).length === 1)
  assert.deepEqual(await whichAreLeft(own, [old, young]), [young])
})

test('beyond RECORDINGS_MAX_BYTES the oldest go, as many as it takes', async () => {
  await using control = await startControl({ database, env: { RECORDINGS_MAX_BYTES: '250' } })
  const ids = [await finished(control, 100), await finished(control, 100)]
  assert.deepEqual(await whichAreLeft(control, ids), ids)
  ids.push(await finished(control, 100))
  await until('the first to go', async () => (await whichAreLeft(control, ids)).length === 2)
  assert.deepEqual(await whichAreLeft(control, ids), ids.slice(1))
  ids.push(await finished(control, 240))
  await until('all but the newest to go', async () => (await whichAreLeft(control, ids)).length === 1)
  assert.deepEqual(await whichAreLeft(control, ids), ids.slice(3))
})

test('without limits nothing goes', async () => {
  await using control = await startControl({ database })
  const id = await finished(control, Number.MAX_SAFE_INTEGER)
  await finishedDaysAgo(id, 10_000)
  await control[Symbol.asyncDispose]()
  await using again = await startControl({ database })
  assert.deepEqual(await whichAreLeft(again, [id]), [id])
})
