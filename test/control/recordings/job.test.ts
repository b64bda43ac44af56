// The work for one recording: what it waits for, how it fails, and how it is deleted.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from '../../support/until.ts'
import { call, createStream, goLive, put, readStream } from '../support/api.ts'
import {
  breakStorage,
  end,
  hasSegments,
  isRemoved,
  RecordingFixture,
  reaches,
  recordingOf,
} from '../support/recording-fixture.ts'

let fixture: RecordingFixture
before(async () => {
  fixture = await RecordingFixture.create()
})
after(() => fixture[Symbol.asyncDispose]())

test('shows its figures while the stream is live', async () => {
  await using control = await fixture.start()
  const live = await fixture.broadcast(control)
  await live.hls.segment(fixture.segment)
  await hasSegments(live.folder, 2)
  const { status, playback, download, poster, error } = await until('its figures', async () => {
    const recording = await recordingOf(control, live.issued.id)
    return recording?.durationS === 6 && recording
  })
  assert.equal(status, 'recording')
  assert.deepEqual([playback.hls, download.mp4, poster, error], [null, null, null, null])
})

test('after the end it waits until nginx has written the last segment', async () => {
  await using control = await fixture.start()
  const live = await fixture.broadcast(control)
  await put(control, live.issued.id, { kind: 'end-requested', by: 'owner' })
  assert.equal((await recordingOf(control, live.issued.id))?.status, 'processing')
  await live.hls.segment(fixture.segment)
  await put(control, live.issued.id, { kind: 'playlist-closed', nodeId: control.context.config.nodeId })
  assert.equal((await reaches(control, live.issued.id, 'ready')).durationS, 6)
})

describe('a storage that fails', () => {
  test('for a while delays the recording and loses nothing', async () => {
    await using control = await fixture.start()
    const live = await fixture.broadcast(control)
    const repair = await breakStorage(live)
    await live.hls.segment(fixture.segment)
    await until('the failure in the log', () =>
      control.logLines.some((line) => line.includes('recording step failed')),
    )
    await repair()
    await hasSegments(live.folder, 2)
    await end(control, live)
    assert.equal((await reaches(control, live.issued.id, 'ready')).missingSegments, 0)
  })

  test('for too long ends the recording, which reports what is stored; the stream stays live', async () => {
    await using control = await fixture.start({ env: { RECORDINGS_PATIENCE: '2' } })
    const live = await fixture.broadcast(control)
    await breakStorage(live)
    await live.hls.segment(fixture.segment)
    const failed = await reaches(control, live.issued.id, 'failed')
    assert.deepEqual(
      [failed.error?.code, failed.durationS, failed.sizeBytes, failed.playback.hls],
      ['storage_unavailable', 3, fixture.segment.length, null],
    )
    assert.deepEqual(await fixture.eventTypes(live.issued.id), ['recording.failed'])
    assert.equal((await readStream(control, live.issued.id)).status, 'live')
  })

  test('before it was listed once leaves the figures unknown, not zero', async () => {
    const { node, live } = await fixture.stoppedWhileLive()
    await breakStorage(live)
    await using control = await fixture.start({ node, env: { RECORDINGS_PATIENCE: '0.5' } })
    control.context.recorder.startRounds()
    const failed = await reaches(control, live.issued.id, 'failed')
    assert.deepEqual([failed.durationS, failed.sizeBytes], [null, null])
  })
})

test('a disk that is nearly full stops the recording, and what is stored can be played', async () => {
  const { node, live } = await fixture.stoppedWhileLive()
  const env = { RECORDINGS_MIN_FREE_BYTES: String(Number.MAX_SAFE_INTEGER) }
  await using control = await fixture.start({ node, env })
  control.context.recorder.startRounds()
  const failed = await reaches(control, live.issued.id, 'failed')
  assert.deepEqual([failed.error?.code, failed.durationS], ['disk_full', 3])
  assert.ok(failed.playback.hls)
  assert.match(await readFile(join(live.folder, 'index.m3u8'), 'utf8'), /#EXTINF:3,\n.*\n#EXT-X-ENDLIST/)
  assert.equal((await readStream(control, live.issued.id)).status, 'live')
})

test('a broadcast without a single segment fails with nothing_recorded', async () => {
  await using control = await fixture.start()
  const issued = await createStream(control, { record: true })
  await goLive(control, issued)
  await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
  await put(control, issued.id, { kind: 'playlist-closed', nodeId: control.context.config.nodeId })
  const failed = await reaches(control, issued.id, 'failed')
  assert.equal(failed.error?.code, 'nothing_recorded')
  assert.match(failed.error?.detail ?? '', /Nothing/)
})

describe('deleting a recording', () => {
  test('that is being finalized stops that and removes all files', async () => {
    await using control = await fixture.start()
    const live = await fixture.broadcast(control)
    for (let n = 0; n < 30; n++) await live.hls.segment(fixture.segment)
    await hasSegments(live.folder, 31)
    await end(control, live)
    await until('the playlist', async () => (await readdir(live.folder)).includes('index.m3u8'))
    await put(control, live.issued.id, { kind: 'recording-delete-requested' })
    await isRemoved(control, live.issued.id)
    await until('the job to end', () => control.context.recorder.jobCount === 0)
    assert.ok(!(await readdir(control.recordingsDir)).includes(live.issued.id))
    assert.equal(await recordingOf(control, live.issued.id), null)
    assert.deepEqual(await fixture.eventTypes(live.issued.id), [])
  })

  test('while the stream is live ends the recording, not the stream', async () => {
    await using control = await fixture.start()
    const live = await fixture.broadcast(control)
    const path = `/v1/streams/${live.issued.id}/recording`
    const answer = await call(control, path, { method: 'DELETE', token: live.issued.streamKey.value })
    assert.equal(answer.status, 204, answer.text)
    assert.equal(await recordingOf(control, live.issued.id), null)
    await isRemoved(control, live.issued.id)
    assert.equal((await readStream(control, live.issued.id)).status, 'live')
    await live.hls.segment(fixture.segment)
    await end(control, live)
    assert.equal((await readStream(control, live.issued.id)).recording, null)
    assert.deepEqual(await fixture.eventTypes(live.issued.id), [])
  })
})
