// Recordings of several nodes on one database, each with a folder of its own.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { HlsFolder } from '../../../apps/control/playlists/hls-folder.ts'
import { until } from '../../support/until.ts'
import { put } from '../support/api.ts'
import {
  type Broadcast,
  end,
  isRemoved,
  RecordingFixture,
  reaches,
  recordingOf,
  segmentsIn,
} from '../support/recording-fixture.ts'
import {
  believe,
  deleteRecording,
  isReady,
  move,
  patienceRunsOut,
  statusOf,
} from '../support/recording-nodes.ts'

let fixture: RecordingFixture
before(async () => {
  fixture = await RecordingFixture.create()
})
after(() => fixture[Symbol.asyncDispose]())

test('another node does not finish what it cannot see; the owner does when it is back', async () => {
  const { node, live } = await fixture.stoppedWhileLive()
  {
    await using other = await fixture.start({ env: { RECORDINGS_PATIENCE: '0.3' } })
    believe(other, [])
    await put(other, live.issued.id, { kind: 'end-requested', by: 'owner' })
    await patienceRunsOut(other)
    await delay(300)
    assert.equal(await statusOf(other, live), 'processing')
    assert.deepEqual(await fixture.eventTypes(live.issued.id), [])
  }
  await using owner = await fixture.start({ node })
  await put(owner, live.issued.id, { kind: 'playlist-closed', nodeId: node })
  owner.context.recorder.startRounds()
  assert.equal((await reaches(owner, live.issued.id, 'ready')).durationS, 3)
})

test('another node accepts a deletion, which the owner carries out', async () => {
  await using owner = await fixture.start()
  await using other = await fixture.start()
  const live = await fixture.broadcast(owner)
  await end(owner, live)
  await reaches(owner, live.issued.id, 'ready')
  await deleteRecording(other, live)
  await other.context.recorder.round()
  await delay(300)
  assert.equal(await recordingOf(owner, live.issued.id), null)
  assert.equal(await statusOf(other, live), 'deleting')
  await owner.context.recorder.round()
  await isRemoved(owner, live.issued.id)
  await until('it to be deleted', async () => (await statusOf(other, live)) === 'deleted')
})

test('another node accepts a deletion for an owner that is away, which removes the files when it starts', async () => {
  const node = fixture.newNode()
  let live: Broadcast
  {
    await using owner = await fixture.start({ node })
    live = await fixture.broadcast(owner)
    await end(owner, live)
    await reaches(owner, live.issued.id, 'ready')
  }
  {
    await using other = await fixture.start({ env: { RECORDINGS_PATIENCE: '0.3' } })
    believe(other, [])
    await deleteRecording(other, live)
    await patienceRunsOut(other)
    await delay(300)
    assert.equal(await recordingOf(other, live.issued.id), null)
    assert.equal(await statusOf(other, live), 'deleting')
  }
  assert.ok((await segmentsIn(live.folder)).length > 0)
  await using owner = await fixture.start({ node })
  assert.deepEqual(await segmentsIn(live.folder), [])
  owner.context.recorder.startRounds()
  await until('it to be deleted', async () => (await statusOf(owner, live)) === 'deleted')
})

test('another node that took the broadcast over has the recording; both parts go when it is deleted', async () => {
  await using a = await fixture.start()
  await using b = await fixture.start()
  const live = await fixture.broadcast(a)
  await move(live, a, b)
  await new HlsFolder(a.hlsDir).close(live.issued.id)
  await end(b, live)
  const ready = await isReady([a, b], live)
  // The segment in the first node's folder is not in the recording, and the recording says so.
  assert.deepEqual([ready.durationS, ready.missingSegments], [3, 1])
  assert.ok((await readdir(live.folder)).includes('index.m3u8'))
  await deleteRecording(b, live)
  await isRemoved(b, live.issued.id)
  assert.equal(await statusOf(b, live), 'deleting')
  await a.context.recorder.round()
  await isRemoved(a, live.issued.id)
  await until('it to be deleted', async () => (await statusOf(b, live)) === 'deleted')
})

test('another node that let the publisher in without getting a segment leaves the recording where it is', async () => {
  await using a = await fixture.start()
  await using b = await fixture.start()
  const live = await fixture.broadcast(a)
  await move(live, a, b, { lost: true })
  await new HlsFolder(a.hlsDir).close(live.issued.id)
  await end(b, live)
  const ready = await isReady([a, b], live)
  assert.equal(ready.durationS, 3)
  assert.match(ready.playback.hls ?? '', new RegExp(`^${a.context.config.publicUrl}/`))
})

test('a node takes over the recordings that an earlier version, which named no parts, made on it', async () => {
  const { node, live } = await fixture.stoppedWhileLive()
  await fixture.database.query('UPDATE streams SET recording_parts = NULL WHERE id = ?', [live.issued.id])
  {
    await using other = await fixture.start({ env: { RECORDINGS_PATIENCE: '0.3' } })
    believe(other, [])
    await put(other, live.issued.id, { kind: 'end-requested', by: 'owner' })
    await patienceRunsOut(other)
    assert.equal(await statusOf(other, live), 'processing')
  }
  await using owner = await fixture.start({ node })
  await put(owner, live.issued.id, { kind: 'playlist-closed', nodeId: node })
  owner.context.recorder.startRounds()
  const ready = await reaches(owner, live.issued.id, 'ready')
  assert.deepEqual([ready.durationS, ready.playback.hls?.startsWith(`http://${node}.example/`)], [3, true])
})

test('a recording whose folder is not in the settings any more is reported, and left alone', async () => {
  const { node, live } = await fixture.stoppedWhileLive()
  const recordingsDir = join(fixture.root, fixture.newNode(), 'elsewhere')
  await using control = await fixture.start({ node, recordingsDir })
  await end(control, live)
  await control.context.recorder.round()
  await delay(300)
  assert.equal(await statusOf(control, live), 'processing')
  assert.ok(control.logLines.some((line) => line.includes('not in the settings any more')))
})
