import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { createStream, publish, readStream } from '../support/api.ts'

let controls: TestControl[]
before(async () => {
  const first = await startControl({ env: { NODE_ID: 'node-a', PUBLIC_URL: 'https://a.example' } })
  const { database } = first
  const env = { NODE_ID: 'node-b', PUBLIC_URL: 'https://b.example' }
  controls = [first, await startControl({ database, env })]
})
after(async () => {
  for (const control of controls.toReversed()) await control[Symbol.asyncDispose]()
})

test('a key that is used on two nodes at the same moment is accepted by exactly one', async () => {
  const [a, b] = controls as [TestControl, TestControl]
  for (let round = 0; round < 20; round++) {
    const { id, streamKey } = await createStream(round % 2 === 0 ? a : b)
    const answers = await Promise.all(controls.map((control, n) => publish(control, streamKey.value, n + 1)))
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [302, 403], `round ${round}`)
    const winner = answers.findIndex((answer) => answer.status === 302)
    assert.equal(answers[winner]?.location, id)
    const { config } = (controls[winner] as TestControl).context
    const stream = await a.context.store.find(id)
    assert.deepEqual([stream?.session?.nodeId, stream?.session?.clientId], [config.nodeId, winner + 1])
    const { playback } = await readStream(b, id)
    assert.ok(
      playback.hls.startsWith(`${config.publicUrl}/`),
      'playback URLs belong to the node that has the publisher',
    )
    const rows = await a.database.query(
      "SELECT id FROM events WHERE stream_id = ? AND type = 'stream.connecting'",
      [id],
    )
    assert.equal(rows.length, 1)
  }
})

test('a key that is used on one node many times at once is accepted once', async () => {
  const [a] = controls as [TestControl]
  const { streamKey } = await createStream(a)
  const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => publish(a, streamKey.value, n + 1)))
  assert.equal(answers.filter((answer) => answer.status === 302).length, 1)
  assert.equal(answers.filter((answer) => answer.status === 403).length, 9)
})
