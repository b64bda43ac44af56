// nginx dies or stands still while control lives.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { TestNode } from '../support/node.ts'
import { until } from '../support/until.ts'

/** From the moment nginx is away until its publishers count as gone. */
const GONE_MS = 15_000
/** drop_idle_publisher */
const DROP_IDLE_MS = 10_000

let node: TestNode
before(async () => {
  node = await TestNode.start()
})
after(() => node?.[Symbol.asyncDispose]())

function signalNginx(signal: NodeJS.Signals): void {
  assert.ok(node.nginx.pid)
  process.kill(-node.nginx.pid, signal)
}

test('nginx killed: its publishers are gone within 15 s, and are let in again when it is back', async (t) => {
  const { id, encoder, key } = await node.goLive()
  signalNginx('SIGKILL')
  const killedAt = performance.now()
  await encoder.exited()
  await node.reaches(id, 'reconnecting', GONE_MS)
  t.diagnostic(`gone after ${((performance.now() - killedAt) / 1_000).toFixed(1)} s`)
  await node.nginx.start()
  await using _back = await node.publishAgain(key)
  await node.reaches(id, 'live')
  assert.deepEqual(await node.announced(id), ['created', 'connecting', 'live', 'reconnecting', 'live'])
})

test('nginx frozen for a moment loses nobody', async () => {
  const { id, encoder } = await node.goLive()
  await using _ = encoder
  signalNginx('SIGSTOP')
  await delay(5_000)
  signalNginx('SIGCONT')
  await until('nginx to answer', async () => (await fetch(`${node.nginxUrl}/stat`)).ok)
  await node.playlistGrows(id)
  assert.deepEqual(await node.announced(id), ['created', 'connecting', 'live'])
  assert.ok(encoder.running)
})

test('nginx frozen for long: its publishers are gone within 15 s, and are let in again when it goes on', async (t) => {
  const { id, encoder, key } = await node.goLive()
  await using _ = encoder
  signalNginx('SIGSTOP')
  const frozenAt = performance.now()
  try {
    await node.reaches(id, 'reconnecting', GONE_MS)
    const goneMs = performance.now() - frozenAt
    t.diagnostic(`gone after ${(goneMs / 1_000).toFixed(1)} s`)
    // nginx itself drops whoever has sent nothing that it could read for 10 s.
    await delay(Math.max(0, DROP_IDLE_MS + 2_000 - goneMs))
  } finally {
    signalNginx('SIGCONT')
  }
  await encoder.exited()
  await using _back = await node.publishAgain(key)
  await node.reaches(id, 'live')
  assert.deepEqual(await node.announced(id), ['created', 'connecting', 'live', 'reconnecting', 'live'])
})
