import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { createStream } from '../support/api.ts'

const DAY_MS = 24 * 60 * 60 * 1000
let control: TestControl
before(async () => {
  control = await startControl()
})
after(() => control[Symbol.asyncDispose]())

const isStored = async (id: string) =>
  (await control.database.query('SELECT id FROM streams WHERE id = ?', [id])).length === 1

test('ended streams are removed after their retention, unless they have a recording or have not ended', async () => {
  const now = Date.now()
  const ids: Record<string, string> = {}
  for (const kind of ['old', 'recorded', 'deleted', 'recent', 'waiting']) {
    const { id } = await createStream(control, { title: kind })
    ids[kind] = id
    if (kind === 'waiting') continue
    const endedAt = new Date(kind === 'recent' ? now : now - 91 * DAY_MS)
    await control.context.store.apply(id, (stream) => ({
      stream: { ...stream, status: 'ended', endedAt, endReason: 'publisher_gone', deadlineAt: null },
      events: [],
    }))
    const status = { recorded: 'ready', deleted: 'deleted' }[kind]
    if (status !== undefined)
      await control.database.query(`UPDATE streams SET recording_status = '${status}' WHERE id = '${id}'`)
  }
  assert.equal(await control.context.store.removeEnded(new Date(now - 90 * DAY_MS)), 2)
  const left = await Promise.all(
    Object.entries(ids).map(async ([kind, id]) => ((await isStored(id)) ? kind : [])),
  )
  assert.deepEqual(left.flat(), ['recorded', 'recent', 'waiting'])
})

test('more ended streams than one statement removes are all removed', async () => {
  const { id } = await createStream(control)
  const copy = `INSERT INTO streams (id, record, status, version, created_at, ended_at, key_hash, key_expires_at, public_url, playlist_open)
    SELECT LPAD(seq, 20, '0'), FALSE, 'ended', 1, created_at, '2000-01-01', UNHEX(SHA2(seq, 256)), key_expires_at, public_url, FALSE
    FROM streams, (WITH RECURSIVE numbers AS (SELECT 1 AS seq UNION ALL SELECT seq + 1 FROM numbers WHERE seq < 900) SELECT seq FROM numbers) AS n WHERE streams.id = '${id}'`
  await control.database.query(copy)
  assert.equal(await control.context.store.removeEnded(new Date('2001-01-01')), 900)
})
