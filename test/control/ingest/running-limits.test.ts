// MAX_BITRATE, MAX_DURATION and a disk that fills, while broadcasts are running.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import type { PublisherLimits } from '../../../apps/control/domain/limits.ts'
import { NginxClient } from '../../../apps/control/ingest/nginx-client.ts'
import { RunningLimits } from '../../../apps/control/ingest/running-limits.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { createStream, publish, publishDone, put, readStream } from '../support/api.ts'
import { TestClock } from '../support/clock.ts'
import { FakeNginx } from '../support/fake-nginx.ts'

const REFUSED = { status: 403, location: null }
const NONE: PublisherLimits = {
  ...{ publishers: 0, publishersPerAddress: 0 },
  ...{ bitrateKbits: 0, durationMs: 0, minFreeBytes: 0 },
}
const clock = new TestClock()
let nginx: FakeNginx
let control: TestControl
let monotonicMs = 0
let freeBytes = 0
let clientId = 0

before(async () => {
  nginx = await FakeNginx.start()
  control = await startControl({ now: clock.now, env: { NGINX_URL: nginx.url } })
})
after(async () => {
  await control[Symbol.asyncDispose]()
  await nginx[Symbol.asyncDispose]()
})
beforeEach(async () => {
  for (const { id } of await control.context.store.openOnNode('test')) {
    nginx.leave(id)
    await put(control, id, { kind: 'end-requested', by: 'operator' })
  }
})

function limitsOf(limits: Partial<PublisherLimits>): RunningLimits {
  return new RunningLimits({
    ...{ streams: control.context.streams, logger: control.context.logger, now: clock.now },
    attempts: control.context.attempts,
    folder: { freeBytes: () => freeBytes },
    limits: { ...NONE, ...limits },
    monotonicMs: () => monotonicMs,
  })
}

async function keep(limits: RunningLimits): Promise<void> {
  const snapshot = await new NginxClient(nginx.url).stat()
  await limits.keep(await control.context.store.openOnNode('test'), snapshot)
}

async function broadcast(): Promise<IssuedStreamResource> {
  const issued = await createStream(control)
  clientId += 1
  assert.equal((await publish(control, issued.streamKey.value, clientId)).status, 302)
  nginx.publish(issued.id, clientId)
  clock.advance(10)
  return issued
}

const reasonOf = async ({ id }: IssuedStreamResource) => (await readStream(control, id)).endReason

/** The publisher sends at this rate for so long, with a look every 2 s. */
async function send(limits: RunningLimits, { id }: IssuedStreamResource, kbits: number, seconds: number) {
  for (let at = 0; at < seconds; at += 2) {
    monotonicMs += 2_000
    nginx.bytes.set(id, (nginx.bytes.get(id) ?? 0) + kbits * 250)
    await keep(limits)
  }
}

test('a publisher that sends more than MAX_BITRATE for 10 s ends its stream, and its key lets nobody in', async () => {
  const limits = limitsOf({ bitrateKbits: 6_000 })
  const live = await broadcast()
  await keep(limits)
  await send(limits, live, 9_200, 8)
  assert.equal(await reasonOf(live), null, 'not before 10 s')
  await send(limits, live, 9_200, 2)
  assert.equal(await reasonOf(live), 'limit_bitrate')
  assert.ok(control.logLines.some((line) => line.includes(live.id) && line.includes('"bitrateKbits":9200')))
  nginx.leave(live.id)
  assert.deepEqual(await publish(control, live.streamKey.value, 999), REFUSED)
})

test('a burst that is within the limit over 10 s ends nothing, nor does the limit itself', async () => {
  const limits = limitsOf({ bitrateKbits: 6_000 })
  const live = await broadcast()
  await keep(limits)
  await send(limits, live, 6_000, 20)
  await send(limits, live, 2_000, 8)
  await send(limits, live, 20_000, 2)
  await send(limits, live, 2_000, 20)
  assert.equal(await reasonOf(live), null)
})

test('a rise over the limit is noticed however long the stream had been within it', async () => {
  const limits = limitsOf({ bitrateKbits: 6_000 })
  const live = await broadcast()
  await send(limits, live, 1_000, 60)
  await send(limits, live, 9_000, 12)
  assert.equal(await reasonOf(live), 'limit_bitrate')
})

test('what a previous connection sent does not count for the next', async () => {
  const limits = limitsOf({ bitrateKbits: 6_000 })
  const live = await broadcast()
  await send(limits, live, 1_000, 6)
  nginx.leave(live.id)
  await publishDone(control, live.streamKey.value, clientId)
  clientId += 1
  await publish(control, live.streamKey.value, clientId)
  nginx.publish(live.id, clientId)
  nginx.bytes.set(live.id, 50_000_000)
  await send(limits, live, 1_000, 8)
  assert.equal(await reasonOf(live), null)
})

test('a broadcast ends after MAX_DURATION, by its own row, also under a control that was just started', async () => {
  const live = await broadcast()
  const maxDuration = { durationMs: 3_600_000 }
  clock.advance(3_599_000)
  await keep(limitsOf(maxDuration))
  assert.equal(await reasonOf(live), null)
  clock.advance(1_001)
  await keep(limitsOf(maxDuration))
  assert.equal(await reasonOf(live), 'limit_duration')
  assert.deepEqual(await publish(control, live.streamKey.value, 999), REFUSED)
})

test('MAX_DURATION also passes while a stream waits for its publisher', async () => {
  const live = await broadcast()
  nginx.leave(live.id)
  await publishDone(control, live.streamKey.value, clientId)
  clock.advance(30_000)
  await keep(limitsOf({ durationMs: 20_000 }))
  assert.equal(await reasonOf(live), 'limit_duration')
})

test('while the disk is about to fill, broadcasts end one after the other, the newest first', async () => {
  const limits = limitsOf({ minFreeBytes: 1_000 })
  const [first, second, third] = [await broadcast(), await broadcast(), await broadcast()]
  const ended = () => Promise.all([first, second, third].map(reasonOf))
  freeBytes = 100
  await keep(limits)
  assert.deepEqual(await ended(), [null, null, null], 'a tenth is left')
  freeBytes = 99
  await keep(limits)
  assert.deepEqual(await ended(), [null, null, 'disk_full'])
  await keep(limits)
  freeBytes = 99.5
  await keep(limits)
  assert.deepEqual(await ended(), [null, null, 'disk_full'], 'it fills no further')
  freeBytes = 98
  await keep(limits)
  assert.deepEqual(await ended(), [null, 'disk_full', 'disk_full'])
  freeBytes = 5_000
  await keep(limits)
  assert.equal(await reasonOf(first), null)
})

test('without limits nothing ends', async () => {
  const limits = limitsOf({})
  const live = await broadcast()
  freeBytes = 0
  clock.advance(100 * 86_400_000)
  await send(limits, live, 1_000_000, 20)
  assert.equal(await reasonOf(live), null)
})

test('the reconciler keeps the limits', async () => {
  const env = { NGINX_URL: nginx.url, NODE_ID: 'limited', MAX_DURATION: '60' }
  await using limited = await startControl({ database: control.database, now: clock.now, env })
  const { id, streamKey } = await createStream(limited)
  await publish(limited, streamKey.value, 77)
  nginx.publish(id, 77)
  clock.advance(60_001)
  await limited.context.reconciler.round()
  assert.equal((await readStream(limited, id)).endReason, 'limit_duration')
})
