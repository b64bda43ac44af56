import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../../apps/control/domain/secret.ts'
import { startControl } from '../../support/control.ts'
import { until } from '../../support/until.ts'
import { createStream } from '../support/api.ts'

test('an admission that is committed after nginx was answered with a refusal is undone at once', async () => {
  await using control = await startControl()
  const { id, streamKey } = await createStream(control)
  const abort = new AbortController()
  // A very slow database: the lock that a commit takes last is held.
  await control.database.query('START TRANSACTION')
  await control.database.query('SELECT * FROM event_sequence FOR UPDATE')
  const candidate = { key: new Secret(streamKey.value), clientId: 1, nginx: null, address: null }
  const admission = control.context.gate.admit(candidate, abort.signal)
  const refused = assert.rejects(admission, /too late/)
  await until('the admission to wait for the lock', async () => {
    const [row] = await control.database.query(
      `SELECT COUNT(*) AS n FROM information_schema.processlist
       WHERE db = DATABASE() AND info LIKE 'UPDATE event_sequence%'`,
    )
    return Number(row?.n) > 0
  })
  abort.abort(new Error('too late'))
  await control.database.query('COMMIT')
  await refused
  const stream = await control.context.store.find(id)
  assert.equal(stream?.status, 'reconnecting')
  assert.equal(stream?.session, null, 'the next attempt is not refused as a second publisher')
})
