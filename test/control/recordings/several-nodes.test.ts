// Recordings of several nodes on one database, with a folder for each or one for all.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { RecordingResource } from '../../../apps/control/api/recording-schemas.ts'
import { HlsFolder } from '../../../apps/control/playlists/hls-folder.ts'
import type { TestControl } from '../../support/control.ts'
import { until } from '../../support/until.ts'
import { call, goLive, put, readStream } from '../support/api.ts'
import { HlsWriter } from '../support/hls-writer.ts'
import {
  type Broadcast,
  end,
  hasSegments,
  isRemoved,
  RecordingFixture,
  reaches,
  recordingOf,
  segmentsIn,
} from '../support/recording-fixture.ts'

let fixture: RecordingFixture
before(async () => {
  fixture = await RecordingFixture.create()
})
after(() => fixture[Symbol.asyncDispose]())

/** Lets a control believe that these nodes are alive and all others are dead. */
function believe(control: TestControl, alive: readonly string[]): void {
  Object.defineProperty(control.context.lease, 'peers', {
    value: { alive, dead: [], isCertain: true },
    configurable: true,
  })
}

/** More than RECORDINGS_PATIENCE in these tests, with a look of the recorder before and after. */
async function patienceRunsOut(control: TestControl): Promise<void> {
  await control.context.recorder.round()
  await delay(400)
  await control.context.recorder.round()
}

/** The publisher connects to another node, whose nginx writes a segment. `lost`: it cannot be stored. */
async function move(
  live: Broadcast,
  from: TestControl,
  to: TestControl,
  { clientId = 2, hls = new HlsWriter(to.hlsDir, live.issued.id, Date.now() + 60_000), lost = false } = {},
): Promise<void> {
  const { session } = (await from.context.store.find(live.issued.id)) ?? assert.fail()
  await put(from, live.issued.id, { kind: 'publisher-gone', session: session ?? assert.fail() })
  const name = await hls.segment(fixture.segment, true)
  if (lost) await hls.lose(name)
  await goLive(to, live.issued, clientId)
}

/** Rounds of all these nodes until the recording is ready. */
async function isReady(controls: readonly TestControl[], { issued }: Broadcast): Promise<RecordingResource> {
  return until('the recording', async () => {
    for (const control of controls) await control.context.recorder.round()
    return (await statusOf(issued.id)) === 'ready' && recordingOf(controls[0] ?? assert.fail(), issued.id)
  })
}

async function statusOf(id: string): Promise<unknown> {
  const [row] = await fixture.database.query('SELECT recording_status FROM streams WHERE id = ?', [id])
  return row?.recording_status
}

async function remove(control: TestControl, { issued }: Broadcast): Promise<void> {
  const token = issued.streamKey.value
  const { status } = await call(control, `/v1/streams/${issued.id}/recording`, { method: 'DELETE', token })
  assert.equal(status, 204)
}

describe('with a folder for each node, another node', () => {
  test('does not finish what it cannot see; the owner does when it is back', async () => {
    const { node, live } = await fixture.stoppedWhileLive()
    {
      await using other = await fixture.start({ env: { RECORDINGS_PATIENCE: '0.3' } })
      believe(other, [])
      await put(other, live.issued.id, { kind: 'end-requested', by: 'owner' })
      await patienceRunsOut(other)
      await delay(300)
      assert.equal(await statusOf(live.issued.id), 'processing')
      assert.deepEqual(await fixture.eventTypes(live.issued.id), [])
    }
    await using owner = await fixture.start({ node })
    await put(owner, live.issued.id, { kind: 'playlist-closed', nodeId: node })
    owner.context.recorder.startRounds()
    assert.equal((await reaches(owner, live.issued.id, 'ready')).durationS, 3)
  })

  test('accepts a deletion, which the owner carries out', async () => {
    await using owner = await fixture.start()
    await using other = await fixture.start()
    const live = await fixture.broadcast(owner)
    await end(owner, live)
    await reaches(owner, live.issued.id, 'ready')
    await remove(other, live)
    await other.context.recorder.round()
    await delay(300)
    assert.equal(await recordingOf(owner, live.issued.id), null)
    assert.equal(await statusOf(live.issued.id), 'deleting')
    await owner.context.recorder.round()
    await isRemoved(owner, live.issued.id)
    await until('it to be deleted', async () => (await statusOf(live.issued.id)) === 'deleted')
  })

  test('accepts a deletion for an owner that is away, which removes the files when it starts', async () => {
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
      await remove(other, live)
      await patienceRunsOut(other)
      await delay(300)
      assert.equal(await recordingOf(other, live.issued.id), null)
    }
    assert.equal(await statusOf(live.issued.id), 'deleting')
    assert.ok((await segmentsIn(live.folder)).length > 0)
    await using owner = await fixture.start({ node })
    assert.deepEqual(await segmentsIn(live.folder), [])
    owner.context.recorder.startRounds()
    await until('it to be deleted', async () => (await statusOf(live.issued.id)) === 'deleted')
  })

  test('that took the broadcast over has the recording; both parts go when it is deleted', async () => {
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
    await remove(b, live)
    await isRemoved(b, live.issued.id)
    assert.equal(await statusOf(live.issued.id), 'deleting')
    await a.context.recorder.round()
    await isRemoved(a, live.issued.id)
    await until('it to be deleted', async () => (await statusOf(live.issued.id)) === 'deleted')
  })

  test('that let the publisher in without getting a segment leaves the recording where it is', async () => {
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
})

describe('with one folder for all nodes', () => {
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
    assert.equal(await statusOf(live.issued.id), 'processing')
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
    await remove(b, live)
    await b.context.recorder.round()
    await isRemoved(b, live.issued.id)
    assert.equal(await statusOf(live.issued.id), 'deleting')
    await a.context.recorder.round()
    await until('it to be deleted', async () => (await statusOf(live.issued.id)) === 'deleted')
    await isRemoved(b, live.issued.id)
    assert.equal((await readStream(b, live.issued.id)).status, 'live')
  })
})

test('a node takes over the recordings that an earlier version, which named no parts, made on it', async () => {
  const { node, live } = await fixture.stoppedWhileLive()
  await fixture.database.query('UPDATE streams SET recording_parts = NULL WHERE id = ?', [live.issued.id])
  {
    await using other = await fixture.start({ env: { RECORDINGS_PATIENCE: '0.3' } })
    believe(other, [])
    await put(other, live.issued.id, { kind: 'end-requested', by: 'owner' })
    await patienceRunsOut(other)
    assert.equal(await statusOf(live.issued.id), 'processing')
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
  assert.equal(await statusOf(live.issued.id), 'processing')
  assert.ok(control.logLines.some((line) => line.includes('not in the settings any more')))
})
