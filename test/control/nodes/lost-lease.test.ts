// What a control does once another one has taken its NODE_ID.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { startControl } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { createStream, publish, put, readStream } from '../support/api.ts'
import { TestClock } from '../support/clock.ts'
import { ControlProcess } from '../support/control-process.ts'
import { FakeNginx } from '../support/fake-nginx.ts'

/** As a control elsewhere takes the lease. */
const takeLease = (database: TestDatabase) =>
  database.query(
    "UPDATE nodes SET incarnation = 'another', installation = 'elsewhere', address = 'host-b:3000'",
  )

test('it lets nobody in and ends no publishers, which are the other’s', async () => {
  await using nginx = await FakeNginx.start()
  const clock = new TestClock()
  await using control = await startControl({ now: clock.now, env: { NGINX_URL: nginx.url } })
  const { lease, reconciler } = control.context
  const { id, streamKey } = await createStream(control)
  const next = await createStream(control)
  assert.equal((await publish(control, streamKey.value)).status, 302)
  await put(control, id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date() })
  clock.advance(60_000)
  await takeLease(control.database)
  await lease.round()
  assert.deepEqual(await publish(control, next.streamKey.value, 2), { status: 403, location: null })
  await reconciler.round()
  assert.equal((await readStream(control, id)).status, 'live')
  assert.ok(control.logLines.some((line) => line.includes('"fatal"') && line.includes('host-b:3000')))
})

test('its process ends with a message, so that it is started again', async () => {
  await using database = await createTestDatabase()
  await using control = await ControlProcess.start(database, { NODE_ID: 'here' })
  const ended = once(control.process, 'exit')
  await takeLease(database)
  assert.deepEqual(await ended, [1, null])
  assert.equal(
    control.errors.trim(),
    'NODE_ID here is in use by another control (host-b:3000). Give each node its own NODE_ID.',
  )
  const [row] = await database.query('SELECT incarnation FROM nodes')
  assert.equal(row?.incarnation, 'another', 'it does not hand back what is not its own')
})
