// What the tests of recordings on several nodes share: broadcasts that move, and nodes that are dead.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { RecordingResource } from '../../../apps/control/api/recording-schemas.ts'
import type { TestControl } from '../../support/control.ts'
import { until } from '../../support/until.ts'
import { call, goLive, put } from './api.ts'
import { HlsWriter } from './hls-writer.ts'
import { type Broadcast, FINALIZED_MS, recordingOf } from './recording-fixture.ts'

/** Lets a control believe that these nodes are alive and all others are dead. */
export function believe(control: TestControl, alive: readonly string[]): void {
  Object.defineProperty(control.context.lease, 'peers', {
    value: { alive, dead: [], isCertain: true },
    configurable: true,
  })
}

/** More than RECORDINGS_PATIENCE in these tests, with a look of the recorder before and after. */
export async function patienceRunsOut(control: TestControl): Promise<void> {
  await control.context.recorder.round()
  await delay(400)
  await control.context.recorder.round()
}

/** The publisher connects to another node, whose nginx writes a segment. `lost`: it cannot be stored. */
export async function move(
  live: Broadcast,
  from: TestControl,
  to: TestControl,
  { clientId = 2, hls = new HlsWriter(to.hlsDir, live.issued.id, Date.now() + 60_000), lost = false } = {},
): Promise<void> {
  const { session } = (await from.context.store.find(live.issued.id)) ?? assert.fail()
  await put(from, live.issued.id, { kind: 'publisher-gone', session: session ?? assert.fail() })
  const name = await hls.segment(live.segment, true)
  if (lost) await hls.lose(name)
  await goLive(to, live.issued, clientId)
}

/** Rounds of all these nodes until the recording is ready. */
export async function isReady(
  controls: readonly TestControl[],
  { issued }: Broadcast,
): Promise<RecordingResource> {
  const look = async () => {
    for (const control of controls) await control.context.recorder.round()
    const recording = await recordingOf(controls[0] ?? assert.fail(), issued.id)
    return recording?.status === 'ready' && recording
  }
  return until('the recording', look, FINALIZED_MS)
}

/** The status in the database, which knows more than the API shows. */
export async function statusOf({ database }: TestControl, { issued }: Broadcast): Promise<unknown> {
  const [row] = await database.query('SELECT recording_status FROM streams WHERE id = ?', [issued.id])
  return row?.recording_status
}

/** Deletes a recording through the API of a node. */
export async function deleteRecording(control: TestControl, { issued }: Broadcast): Promise<void> {
  const token = issued.streamKey.value
  const { status } = await call(control, `/v1/streams/${issued.id}/recording`, { method: 'DELETE', token })
  assert.equal(status, 204)
}
