import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { RecordingResource } from '../../../apps/control/api/recording-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { call, createStream, fieldsOf, goLive, put, refused } from '../support/api.ts'

const TOKEN = 'a-token-of-the-operators'
const SUMMARY = { durationMs: 90_500, sizeBytes: 1_000, hasPlaylist: true, hasMp4: false, hasPoster: true }
let control: TestControl
before(async () => {
  control = await startControl({ env: { API_TOKENS: TOKEN } })
})
after(() => control[Symbol.asyncDispose]())

interface List {
  readonly data: readonly RecordingResource[]
  readonly nextCursor: string | null
  readonly lastEventId: string
}

/** A recording whose row says that it is ready; it has no files. */
async function readyRecording(title: string): Promise<{ id: string; key: string }> {
  const issued = await createStream(control, { title, record: true })
  await goLive(control, issued)
  await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
  await put(control, issued.id, { kind: 'recording-finished', summary: { ...SUMMARY, missingSegments: 0 } })
  return { id: issued.id, key: issued.streamKey.value }
}

const pathOf = (id: string) => `/v1/streams/${id}/recording`

describe('reading a recording', () => {
  test('is public, and null stands for what it does not have', async () => {
    const { id } = await readyRecording('to be read')
    const { status, body, headers } = await call<RecordingResource>(control, pathOf(id))
    assert.equal(status, 200)
    assert.equal(headers.get('cache-control'), 'no-store')
    const { startedAt, endedAt, ...rest } = body
    assert.ok(startedAt <= (endedAt ?? ''))
    const url = `${control.context.config.publicUrl}/recordings/${id}`
    assert.deepEqual(rest, {
      ...{ streamId: id, title: 'to be read', status: 'ready' },
      ...{ durationS: 90.5, sizeBytes: 1_000, missingSegments: 0 },
      playback: { hls: `${url}/index.m3u8` },
      download: { mp4: null },
      ...{ poster: `${url}/poster.jpg`, error: null },
    })
  })

  test('is answered with 404 when the stream has none or does not exist', async () => {
    const { id } = await createStream(control, { record: true })
    await refused(control, pathOf(id), {}, 404, 'recording_not_found')
    await refused(control, pathOf('b'.repeat(20)), {}, 404, 'stream_not_found')
  })
})

describe('deleting a recording', () => {
  test('requires the owner’s key or an API token', async () => {
    const [mine, other] = [await readyRecording('mine'), await readyRecording('other')]
    await refused(control, pathOf(mine.id), { method: 'DELETE' }, 401, 'unauthorized')
    const wrong = { method: 'DELETE', token: other.key }
    await refused(control, pathOf(mine.id), wrong, 403, 'not_your_stream')
    assert.equal((await call(control, pathOf(mine.id))).status, 200)
    assert.equal((await call(control, pathOf(mine.id), { method: 'DELETE', token: mine.key })).status, 204)
    assert.equal((await call(control, pathOf(other.id), { method: 'DELETE', token: TOKEN })).status, 204)
    for (const { id } of [mine, other]) await refused(control, pathOf(id), {}, 404, 'recording_not_found')
  })

  test('is answered with 404 when there is none', async () => {
    const { id, key } = await readyRecording('gone')
    await call(control, pathOf(id), { method: 'DELETE', token: key })
    await refused(control, pathOf(id), { method: 'DELETE', token: key }, 404, 'recording_not_found')
  })
})

describe('the list of recordings', () => {
  test('has the newest first, in pages, and no deleted ones', async () => {
    const all = []
    for (const title of ['1', '2', '3', '4']) all.push(await readyRecording(title))
    const [, second] = all
    await call(control, pathOf(second?.id ?? ''), { method: 'DELETE', token: TOKEN })
    const first = await call<List>(control, '/v1/recordings?status=ready&limit=2')
    assert.deepEqual(
      first.body.data.map(({ title }) => title),
      ['4', '3'],
    )
    const next = await call<List>(
      control,
      `/v1/recordings?status=ready&limit=1&cursor=${first.body.nextCursor}`,
    )
    assert.deepEqual(
      next.body.data.map(({ title }) => title),
      ['1'],
    )
    const { head } = await control.context.log.bounds()
    assert.equal(first.body.lastEventId, String(head))
  })

  test('can be filtered by status, and an unknown status is refused', async () => {
    const issued = await createStream(control, { title: 'on air', record: true })
    await goLive(control, issued)
    const { body } = await call<List>(control, '/v1/recordings?status=recording')
    assert.deepEqual(
      body.data.map(({ streamId, status }) => [streamId, status]),
      [[issued.id, 'recording']],
    )
    const wrong = {
      'status=deleted': 'status.0',
      'limit=0': 'limit',
      'cursor=x': 'cursor',
      'order=asc': 'order',
    }
    for (const [query, field] of Object.entries(wrong)) {
      const answer = await refused(control, `/v1/recordings?${query}`, {}, 400, 'validation_failed')
      assert.deepEqual(fieldsOf(answer), [`query ${field}`])
    }
  })
})
