// The public nginx dies: publishers, hooks and control go on without it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Encoder } from '../support/encoder.ts'
import { SseReader } from '../support/sse.ts'
import { TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let stack: TestStack
before(async () => {
  stack = await TestStack.start()
})
after(() => stack?.[Symbol.asyncDispose]())

test('the public nginx killed: no publisher notices, a new one gets in, and readers are back within seconds', async () => {
  const [first, second] = [await stack.create(), await stack.create()]
  await using encoder = new Encoder(`${stack.rtmpUrl}/${first.streamKey.value}`)
  await stack.reaches(first.id, 'live')
  const pid = stack.pidOf('public-nginx-master')
  const ingest = stack.pidOf('nginx-worker')
  assert.ok(pid)
  process.kill(pid, 'SIGKILL')
  await using other = new Encoder(`${stack.rtmpUrl}/${second.streamKey.value}`)
  // Its worker goes on serving until the new one is started.
  await until('another public nginx', () => ![undefined, pid].includes(stack.pidOf('public-nginx-master')))
  await until('it to serve', () => stack.isReady())
  await using _reader = await SseReader.open(`${stack.url}/v1/events?stream=${first.id}`)
  await stack.reaches(second.id, 'live')
  assert.equal((await stack.stream(first.id)).status, 'live')
  assert.equal(stack.pidOf('nginx-worker'), ingest)
  assert.ok(encoder.running && other.running)
})
