// Which node works on which recording, and when.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestControl } from '../../support/control.ts'
import { createStream, goLive, put, readStream } from '../support/api.ts'
import { HlsWriter } from '../support/hls-writer.ts'
import {
  type Broadcast,
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

test('a stream without record is not recorded', async () => {
  await using control = await fixture.start()
  const issued = await createStream(control)
  const hls = new HlsWriter(control.hlsDir, issued.id)
  await hls.segment(fixture.segment)
  await goLive(control, issued)
  await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
  assert.equal((await readStream(control, issued.id)).recording, null)
  assert.deepEqual(await readdir(control.recordingsDir), ['.folder-id'])
})

describe('after a restart the recorder', () => {
  test('continues to record a stream that is still live', async () => {
    const { node, live } = await fixture.stoppedWhileLive()
    await live.hls.segment(fixture.segment)
    await using control = await fixture.start({ node })
    control.context.recorder.startRounds()
    await hasSegments(live.folder, 2)
    await end(control, live)
    assert.equal((await reaches(control, live.issued.id, 'ready')).durationS, 6)
    assert.deepEqual(await fixture.eventTypes(live.issued.id), ['recording.ready'])
  })

  test('stores what was missing from a broadcast that had ended before, and finalizes it', async () => {
    const node = fixture.newNode()
    let live: Broadcast
    let repair: () => Promise<void>
    {
      await using control = await fixture.start({ node })
      live = await fixture.broadcast(control)
      repair = await breakStorage(live)
      await live.hls.segment(fixture.segment)
      await end(control, live)
    }
    await repair()
    await using control = await fixture.start({ node })
    assert.equal((await recordingOf(control, live.issued.id))?.status, 'processing')
    control.context.recorder.startRounds()
    assert.equal((await reaches(control, live.issued.id, 'ready')).durationS, 6)
  })

  test('removes the files of a recording that was being deleted', async () => {
    const { node, live } = await fixture.stoppedWhileLive()
    const sql = "UPDATE streams SET recording_status = 'deleting' WHERE id = ?"
    await fixture.database.query(sql, [live.issued.id])
    await using control = await fixture.start({ node })
    control.context.recorder.startRounds()
    await isRemoved(control, live.issued.id)
  })
})

describe('another node', () => {
  /** Control on another node's folders, with a lease that says which nodes are alive. */
  async function other(node: string, others: { alive: string[]; isCertain: boolean }): Promise<TestControl> {
    const env = { NODE_ID: `other-${fixture.newNode()}`, RECORDINGS_PATIENCE: '0.3' }
    const control = await fixture.start({ node, env })
    Object.defineProperty(control.context.lease, 'peers', { value: { ...others, dead: [] } })
    return control
  }

  /** A broadcast that ended while its node, which stored one segment of it, was dead. */
  async function abandoned(): Promise<{ node: string; live: Broadcast }> {
    const node = fixture.newNode()
    await using control = await fixture.start({ node })
    const live = await fixture.broadcast(control)
    await control.context.recorder[Symbol.asyncDispose]()
    await put(control, live.issued.id, { kind: 'end-requested', by: 'owner' })
    return { node, live }
  }

  test('finalizes the recording of a dead node, if it can reach the files', async () => {
    const { node, live } = await abandoned()
    await using control = await other(node, { alive: [], isCertain: true })
    control.context.recorder.startRounds()
    await delay(400)
    await control.context.recorder.round()
    assert.equal((await reaches(control, live.issued.id, 'ready')).durationS, 3)
  })

  test('does nothing as long as the node may be alive', async () => {
    for (const isCertain of [true, false]) {
      const { node, live } = await abandoned()
      await using control = await other(node, { alive: isCertain ? [node] : [], isCertain })
      await delay(400)
      await control.context.recorder.round()
      await delay(500)
      assert.equal((await recordingOf(control, live.issued.id))?.status, 'processing')
      assert.equal(control.context.recorder.jobCount, 0)
    }
  })
})
