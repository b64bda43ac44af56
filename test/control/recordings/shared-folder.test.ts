// Recordings of several nodes on one database that share a folder. S3 is shared in the same way.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { HlsFolder } from '../../../apps/control/playlists/hls-folder.ts'
import type { TestControl } from '../../support/control.ts'
import { until } from '../../support/until.ts'
import { readStream } from '../support/api.ts'
import { end, hasSegments, isRemoved, RecordingFixture, reaches } from '../support/recording-fixture.ts'
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

/** Two nodes that store in the same folder; the second finishes nothing for the first before 0.3 s. */
async function startTwo(): Promise<AsyncDisposableStack & { a: TestControl; b: TestControl }> {
  const recordingsDir = join(fixture.root, fixture.newNode(), 'shared')
  const nodes = new AsyncDisposableStack()
  const a = nodes.use(await fixture.start({ recordingsDir }))
  const b = nodes.use(await fixture.start({ recordingsDir, env: { RECORDINGS_PATIENCE: '0.3' } }))
  believe(a, [b.context.config.nodeId])
  believe(b, [a.context.config.nodeId])
  return Object.assign(nodes, { a, b })
}

test('a broadcast that goes to another node and back is recorded in full, and nothing is missing', async () => {
  await using nodes = await startTwo()
  const { a, b } = nodes
  const live = await fixture.broadcast(a)
  await live.hls.segment(fixture.segment)
  await live.hls.segment(fixture.segment)
  await hasSegments(live.folder, 3)
  await move(live, a, b)
  await hasSegments(live.folder, 4)
  // The first node's nginx continues its playlist and its numbers.
  live.hls.skip(120_000)
  await move(live, b, a, { clientId: 3, hls: live.hls })
  await hasSegments(live.folder, 5)
  await new HlsFolder(b.hlsDir).close(live.issued.id)
  await end(a, live)
  const ready = await isReady([a, b], live)
  assert.deepEqual([ready.durationS, ready.missingSegments], [15, 0])
})

test('a recording is finished when the node before has stored its last segments', async () => {
  await using nodes = await startTwo()
  const { a, b } = nodes
  const live = await fixture.broadcast(a)
  // The first node stores nothing for a while.
  await a.context.recorder[Symbol.asyncDispose]()
  await live.hls.segment(fixture.segment)
  await move(live, a, b)
  await new HlsFolder(a.hlsDir).close(live.issued.id)
  await end(b, live)
  await patienceRunsOut(b)
  await delay(500)
  assert.equal(await statusOf(b, live), 'processing')
  const { nodeId } = a.context.config
  await a[Symbol.asyncDispose]()
  const { hlsDir, recordingsDir } = a
  await using again = await fixture.start({ node: nodeId, hlsDir, recordingsDir })
  again.context.recorder.startRounds()
  await hasSegments(live.folder, 3)
  const ready = await isReady([b], live)
  assert.deepEqual([ready.durationS, ready.missingSegments], [9, 0])
})

test('a recording is finished without a node that is dead for RECORDINGS_PATIENCE', async () => {
  await using nodes = await startTwo()
  const { a, b } = nodes
  const live = await fixture.broadcast(a)
  await a.context.recorder[Symbol.asyncDispose]()
  await live.hls.segment(fixture.segment)
  await move(live, a, b)
  await end(b, live)
  believe(b, [])
  await patienceRunsOut(b)
  assert.equal((await reaches(b, live.issued.id, 'ready')).durationS, 6)
})

test('a deletion is complete when the node that was storing has stopped', async () => {
  await using nodes = await startTwo()
  const { a, b } = nodes
  const live = await fixture.broadcast(a)
  await deleteRecording(b, live)
  await b.context.recorder.round()
  await isRemoved(b, live.issued.id)
  assert.equal(await statusOf(b, live), 'deleting')
  await a.context.recorder.round()
  await until('it to be deleted', async () => (await statusOf(b, live)) === 'deleted')
  await isRemoved(b, live.issued.id)
  assert.equal((await readStream(b, live.issued.id)).status, 'live')
})
