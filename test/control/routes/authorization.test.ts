// Who may do what: owners by their key, operators and creators by a token, and what limits guessing. Long because every
// route and role is asked here.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { createTestDatabase } from '../../support/database.ts'
import { call, createStream, put, readStream, refused } from '../support/api.ts'
import { DatabaseProxy } from '../support/unix-proxy.ts'

const TOKEN = 'a-token-of-the-operators'
let stack: AsyncDisposableStack
let proxy: DatabaseProxy
let control: TestControl
let controls = 0

before(async () => {
  stack = new AsyncDisposableStack()
  proxy = stack.use(await DatabaseProxy.start(stack.use(await createTestDatabase())))
})
after(() => stack.disposeAsync())

/** Failed authorization is counted, so each group of tests has its own control. */
async function fresh(env: Record<string, string> = {}): Promise<void> {
  controls += 1
  const settings = { API_TOKENS: TOKEN, NODE_ID: `node-${controls}`, ...env }
  control = stack.use(await startControl({ database: proxy.database, env: settings }))
}

async function rotate(id: string, token: string): Promise<string> {
  const path = `/v1/streams/${id}/stream-key`
  const { body } = await call<IssuedStreamResource['streamKey']>(control, path, { method: 'POST', token })
  return body.value
}

describe('managing a stream', () => {
  before(() => fresh())
  const actions = ['end', 'stream-key']

  test('requires credentials', async () => {
    const { id } = await createStream(control)
    for (const action of actions) {
      const path = `/v1/streams/${id}/${action}`
      const answer = await refused(control, path, { method: 'POST' }, 401, 'unauthorized')
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
    }
    assert.equal((await readStream(control, id)).status, 'waiting')
  })

  test('requires complete and well-formed credentials', async () => {
    const { id, streamKey } = await createStream(control)
    const { value } = streamKey
    const wrong = [
      '',
      'Bearer',
      'Bearer ',
      value,
      `Basic ${value}`,
      `Bearer ${value} x`,
      `Bearer ${value.slice(0, -1)}`,
      `Bearer ${TOKEN}x`,
    ]
    for (const authorization of wrong) {
      const path = `/v1/streams/${id}/end`
      await refused(control, path, { method: 'POST', headers: { authorization } }, 401, 'unauthorized')
    }
    assert.equal((await readStream(control, id)).status, 'waiting')
  })

  test('refuses another stream’s key', async () => {
    const [{ id }, other] = [await createStream(control), await createStream(control)]
    for (const action of actions) {
      const request = { method: 'POST', token: other.streamKey.value }
      await refused(control, `/v1/streams/${id}/${action}`, request, 403, 'not_your_stream')
    }
    assert.equal((await readStream(control, id)).status, 'waiting')
  })

  test('refuses a key that was replaced', async () => {
    const { id, streamKey } = await createStream(control)
    const next = await rotate(id, streamKey.value)
    for (const action of actions) {
      const request = { method: 'POST', token: streamKey.value }
      await refused(control, `/v1/streams/${id}/${action}`, request, 401, 'unauthorized')
    }
    assert.equal((await call(control, `/v1/streams/${id}/end`, { method: 'POST', token: next })).status, 200)
  })

  test('accepts the key of an ended stream', async () => {
    const { id, streamKey } = await createStream(control)
    await put(control, id, { kind: 'end-requested', by: 'operator' })
    const token = streamKey.value
    assert.equal((await call(control, `/v1/streams/${id}/end`, { method: 'POST', token })).status, 200)
    await refused(
      control,
      `/v1/streams/${id}/stream-key`,
      { method: 'POST', token },
      409,
      'stream_not_waiting',
    )
  })

  test('accepts an API token for any stream', async () => {
    const { id, streamKey } = await createStream(control)
    const next = await rotate(id, TOKEN)
    assert.notEqual(next, streamKey.value)
    assert.equal((await call(control, `/v1/streams/${id}/end`, { method: 'POST', token: TOKEN })).status, 200)
  })

  test('answers 404 for an unknown stream, whatever the credentials', async () => {
    for (const action of actions) {
      const path = `/v1/streams/${'n'.repeat(20)}/${action}`
      await refused(control, path, { method: 'POST', token: TOKEN }, 404, 'stream_not_found')
    }
  })

  test('does not query the database for a key with a wrong checksum', async () => {
    const { id, streamKey } = await createStream(control)
    const path = `/v1/streams/${id}/end`
    // The lowest of three counts: the feed queries the log now and then.
    const cost = async (token: string) => {
      const costs: number[] = []
      for (let n = 0; n < 3; n++) {
        const before = proxy.asked
        await refused(control, path, { method: 'POST', token }, 401, 'unauthorized')
        costs.push(proxy.asked - before)
      }
      return Math.min(...costs)
    }
    const last = streamKey.value.at(-1) === 'x' ? 'y' : 'x'
    const broken = await cost(streamKey.value.slice(0, -1) + last)
    const unknown = streamKey.value
    await rotate(id, unknown)
    assert.ok((await cost(unknown)) > broken, 'a well-formed key is looked up')
    assert.equal(await cost('nonsense'), broken)
  })
})

describe('STREAM_CREATION=token', () => {
  before(() => fresh({ STREAM_CREATION: 'token' }))
  const path = '/v1/streams'

  test('lets only operators create streams', async () => {
    for (const token of [undefined, 'wrong', '']) {
      const request = { method: 'POST', json: {}, ...(token === undefined ? {} : { token }) }
      await refused(control, path, request, 401, 'unauthorized')
    }
    const answer = await call<IssuedStreamResource>(control, path, { method: 'POST', json: {}, token: TOKEN })
    assert.equal(answer.status, 201)
    // A stream's key cannot create another stream.
    const request = { method: 'POST', json: {}, token: answer.body.streamKey.value }
    await refused(control, path, request, 401, 'unauthorized')
  })
})

describe('CREATE_TOKENS', () => {
  const CREATOR = 'creates-streams-and-reads'
  const path = '/v1/streams'
  const create = (token?: string) => ({
    ...{ method: 'POST', json: {}, headers: { 'x-real-ip': '192.0.2.1' } },
    ...(token === undefined ? {} : { token }),
  })

  test('may create streams, and nothing else', async () => {
    await fresh({ STREAM_CREATION: 'token', CREATE_TOKENS: CREATOR })
    const { body } = await call<IssuedStreamResource>(control, path, create(CREATOR))
    await refused(control, path, create(), 401, 'unauthorized')
    const stream = `${path}/${body.id}`
    const others = [
      { method: 'POST', url: `${stream}/end` },
      { method: 'POST', url: `${stream}/stream-key` },
      { method: 'GET', url: `${stream}/ingest` },
      { method: 'DELETE', url: `${stream}/recording` },
    ]
    for (const { method, url } of others) {
      const answer = await refused(control, url, { method, token: CREATOR }, 403, 'insufficient_scope')
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer error="insufficient_scope"/)
    }
    const read = await call<IssuedStreamResource>(control, stream, { token: CREATOR })
    assert.deepEqual([read.status, read.body.streamKey], [200, undefined])
    assert.equal(read.body.status, 'waiting')
  })

  test('and API_TOKENS are not limited by CREATE_RATE_LIMIT', async () => {
    for (const STREAM_CREATION of ['token', 'open']) {
      await fresh({ STREAM_CREATION, CREATE_TOKENS: CREATOR, CREATE_RATE_LIMIT: '1' })
      for (const token of [CREATOR, TOKEN, CREATOR, TOKEN])
        assert.equal((await call(control, path, create(token))).status, 201, STREAM_CREATION)
    }
    assert.equal((await call(control, path, create())).status, 201)
    await refused(control, path, create(), 429, 'too_many_requests')
  })
})
