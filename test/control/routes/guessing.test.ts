// Wrong credentials are limited for each client address, before they are compared (docs/decisions/0021).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { call, refused } from '../support/api.ts'

const TOKEN = 'a-token-of-the-operators'
let control: TestControl

describe('too many wrong credentials from one address', () => {
  before(async () => {
    control = await startControl({ env: { API_TOKENS: TOKEN, CREATE_RATE_LIMIT: '1' } })
  })
  after(() => control[Symbol.asyncDispose]())

  const from = (address: string, token: string, method = 'POST') => ({
    ...{ method, token },
    headers: { 'x-real-ip': address },
  })
  const create = (address: string, token: string) => ({ ...from(address, token), json: {} })

  /** @returns the path of a new stream, and its key */
  async function stream(address: string): Promise<{ path: string; key: string }> {
    const answer = await call<IssuedStreamResource>(control, '/v1/streams', create(address, TOKEN))
    return { path: `/v1/streams/${answer.body.id}`, key: answer.body.streamKey.value }
  }

  async function guess(address: string, path: string, credentials: number): Promise<void> {
    for (let n = 0; n < credentials; n++)
      await refused(control, `${path}/end`, from(address, `wrong${n}`), 401, 'unauthorized')
  }

  test('end with 429 and Retry-After, before the next credential is compared', async () => {
    const { path, key } = await stream('192.0.2.1')
    await guess('192.0.2.1', path, 30)
    for (const token of ['wrong', key, TOKEN]) {
      const request = from('192.0.2.1', token)
      const answer = await refused(control, `${path}/end`, request, 429, 'too_many_requests')
      const seconds = Number(answer.headers.get('retry-after'))
      assert.ok(seconds >= 1 && seconds <= 60, `${seconds} s`)
    }
    const elsewhere = await call(control, `${path}/end`, from('192.0.2.2', TOKEN))
    assert.equal(elsewhere.status, 200, 'another address is not limited')
  })

  test('make reading and creating answer as without credentials', async () => {
    const { path, key } = await stream('192.0.2.3')
    await guess('192.0.2.3', path, 30)
    const read = await call(control, path, from('192.0.2.3', key, 'GET'))
    assert.equal(read.status, 200, 'reading is public')
    assert.equal(read.body.streamKey, undefined, 'what only the owner sees would tell that the key is right')
    assert.equal((await call(control, '/v1/streams', create('192.0.2.3', TOKEN))).status, 201)
    await refused(control, '/v1/streams', create('192.0.2.3', TOKEN), 429, 'too_many_requests')
  })

  test('count wherever they are sent, and correct ones in between change nothing', async () => {
    const { path, key } = await stream('192.0.2.4')
    for (let n = 0; n < 10; n++) {
      await call(control, path, from('192.0.2.4', `wrong${n}`, 'GET'))
      await call(control, '/v1/streams', create('192.0.2.4', `wrong${n}x`))
      await refused(control, `${path}/end`, from('192.0.2.4', `wrong${n}y`), 401, 'unauthorized')
      assert.equal((await call(control, path, from('192.0.2.4', key, 'GET'))).status, 200)
    }
    await refused(control, `${path}/end`, from('192.0.2.4', key), 429, 'too_many_requests')
  })

  test('count as one when it is always the same: a page with an old key locks nobody out', async () => {
    const { path, key } = await stream('192.0.2.5')
    for (let n = 0; n < 60; n++)
      await refused(control, `${path}/end`, from('192.0.2.5', 'wrong'), 401, 'unauthorized')
    assert.equal((await call(control, `${path}/end`, from('192.0.2.5', key))).status, 200)
  })

  test('count one by one, however many are sent at once', async () => {
    const { path } = await stream('192.0.2.6')
    const guesses = Array.from({ length: 100 }, (_, n) => from('192.0.2.6', `wrong${n}`))
    const answers = await Promise.all(guesses.map((it) => call(control, `${path}/end`, it)))
    assert.equal(answers.filter(({ status }) => status === 401).length, 30)
  })
})
