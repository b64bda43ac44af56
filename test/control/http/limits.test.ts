import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { call, refused } from '../support/api.ts'

const LIMIT = 5
let control: TestControl
before(async () => {
  control = await startControl({ env: { CREATE_RATE_LIMIT: String(LIMIT) } })
})
after(() => control[Symbol.asyncDispose]())

const create = (address: string) => ({ method: 'POST', json: {}, headers: { 'x-real-ip': address } })

test('an address can create CREATE_RATE_LIMIT streams a minute, and is told when to retry', async () => {
  for (let n = 0; n < LIMIT; n++) {
    assert.equal((await call(control, '/v1/streams', create('192.0.2.1'))).status, 201)
  }
  const answer = await refused(control, '/v1/streams', create('192.0.2.1'), 429, 'too_many_requests')
  const seconds = Number(answer.headers.get('retry-after'))
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `${seconds} s`)
  assert.equal((await control.database.query('SELECT id FROM streams')).length, LIMIT)
})

test('another address is not limited, and neither is reading', async () => {
  assert.equal((await call(control, '/v1/streams', create('192.0.2.2'))).status, 201)
  for (let n = 0; n < 2 * LIMIT; n++) {
    const { status } = await call(control, '/v1/streams', { headers: { 'x-real-ip': '192.0.2.1' } })
    assert.equal(status, 200)
  }
})

test('addresses of one IPv6 /64 network count together', async () => {
  for (let n = 0; n < LIMIT; n++) await call(control, '/v1/streams', create(`2001:db8::${n + 1}`))
  await refused(control, '/v1/streams', create('2001:db8::ff'), 429, 'too_many_requests')
})

test('an invalid request creates nothing and does not count towards the limit', async () => {
  for (let n = 0; n < LIMIT + 1; n++) {
    await refused(
      control,
      '/v1/streams',
      { ...create('192.0.2.3'), json: { title: 1 } },
      400,
      'validation_failed',
    )
  }
  assert.equal((await call(control, '/v1/streams', create('192.0.2.3'))).status, 201)
})

test('0 means no limit', async () => {
  const open = await startControl({ database: control.database, env: { NODE_ID: 'open' } })
  try {
    for (let n = 0; n < 40; n++)
      assert.equal((await call(open, '/v1/streams', create('192.0.2.1'))).status, 201)
  } finally {
    await open[Symbol.asyncDispose]()
  }
})
