// Tries to publish, as their streamer and operators see them.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AttemptResource } from '../../../apps/control/api/attempt-schemas.ts'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { newStreamKey } from '../../../apps/control/domain/keys.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import {
  call,
  createStream,
  fieldsOf,
  hook,
  hookBody,
  type PublishOptions,
  publish,
  put,
  refused,
} from '../support/api.ts'
import { TestClock } from '../support/clock.ts'

interface List {
  readonly data: AttemptResource[]
  readonly nextCursor: string | null
}

const OPERATOR = 'operator-token-of-24-characters'
const clock = new TestClock()
let control: TestControl
before(async () => {
  control = await startControl({
    now: clock.now,
    env: { API_TOKENS: OPERATOR, MAX_PUBLISHERS_PER_ADDRESS: '1' },
  })
})
after(() => control[Symbol.asyncDispose]())

let addresses = 0
/** An address that no other test uses. */
function newAddress(): string {
  addresses += 1
  return `203.0.113.${addresses}`
}

async function list(path: string, token: string): Promise<List> {
  await control.context.attempts.flush()
  const { status, body, text } = await call<List>(control, path, { token })
  assert.equal(status, 200, text)
  return body
}

const ofStream = async ({ id, streamKey }: IssuedStreamResource, token: string = streamKey.value) =>
  (await list(`/v1/streams/${id}/attempts`, token)).data
const results = (attempts: readonly AttemptResource[]) => attempts.map(({ result }) => result)
const from = async (address: string) =>
  (await list('/v1/attempts?limit=100', OPERATOR)).data.filter((attempt) => attempt.address === address)

async function tryKey(key: string, options: PublishOptions = {}): Promise<number> {
  clock.advance(1_000)
  return (await publish(control, key, 1, options)).status
}

describe('GET /v1/streams/:id/attempts', () => {
  test('says when, from where, with what and how each try went, newest first', async () => {
    const issued = await createStream(control)
    const address = newAddress()
    const before = clock.now()
    await tryKey(issued.streamKey.value, { address })
    await tryKey(issued.streamKey.value, { address })
    const [second, first, ...more] = await ofStream(issued)
    assert.deepEqual([first?.result, second?.result, more], ['accepted', 'already_publishing', []])
    const at = first?.at ?? ''
    assert.ok(Date.parse(at) >= before.getTime() && Date.parse(at) <= clock.now().getTime())
    assert.deepEqual(first, {
      ...{ at, firstAt: at, tries: 1, streamId: issued.id, address, result: 'accepted', detail: null },
      encoder: 'FMLE/3.0 (compatible; Lavf59.27.100)',
    })
  })

  test('tells the streamer of an expired key, and of the key of an ended stream', async () => {
    const expired = await createStream(control)
    clock.advance(600_001)
    assert.equal(await tryKey(expired.streamKey.value), 403)
    assert.deepEqual(results(await ofStream(expired)), ['expired'])
    const ended = await createStream(control)
    await put(control, ended.id, { kind: 'end-requested', by: 'owner' })
    await tryKey(ended.streamKey.value)
    assert.deepEqual(results(await ofStream(ended)), ['ended'])
  })

  test('tells the streamer that somebody tried with the key that was replaced', async () => {
    const issued = await createStream(control)
    const request = { method: 'POST', token: issued.streamKey.value }
    const { body } = await call<{ value: string }>(control, `/v1/streams/${issued.id}/stream-key`, request)
    await tryKey(issued.streamKey.value)
    assert.deepEqual(results(await ofStream(issued, body.value)), ['rotated'])
  })

  test('tells the streamer of a limit', async () => {
    const address = newAddress()
    await tryKey((await createStream(control)).streamKey.value, { address })
    const issued = await createStream(control)
    await tryKey(issued.streamKey.value, { address })
    assert.deepEqual(results(await ofStream(issued)), ['limit_publishers_per_address'])
  })

  test('says that there was a space around the key', async () => {
    const issued = await createStream(control)
    await tryKey(`${issued.streamKey.value} `, { address: newAddress() })
    const [attempt] = await ofStream(issued)
    assert.deepEqual([attempt?.result, attempt?.detail?.includes('space')], ['accepted', true])
  })

  test('counts tries of one minute that differ in nothing but the time', async () => {
    const issued = await createStream(control)
    await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
    // At the beginning of a minute.
    clock.advance(60_000 - (clock.now().getTime() % 60_000))
    for (let n = 0; n < 10; n++) {
      await tryKey(issued.streamKey.value)
      if (n % 3 === 0) await control.context.attempts.flush()
    }
    const [one, ...more] = await ofStream(issued)
    assert.deepEqual([one?.tries, more], [10, []])
    assert.equal(Date.parse(one?.at ?? '') - Date.parse(one?.firstAt ?? '') > 8_000, true)
    clock.advance(60_000)
    await tryKey(issued.streamKey.value)
    assert.deepEqual(
      (await ofStream(issued)).map(({ tries }) => tries),
      [1, 10],
    )
  })

  test('is paged', async () => {
    const issued = await createStream(control)
    await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
    const all = Array.from({ length: 5 }, newAddress)
    for (const address of all) await tryKey(issued.streamKey.value, { address })
    const path = `/v1/streams/${issued.id}/attempts`
    const seen: (string | null)[] = []
    for (let cursor = ''; ; ) {
      const page = await list(`${path}?limit=2${cursor}`, OPERATOR)
      seen.push(...page.data.map(({ address }) => address))
      if (page.nextCursor === null) break
      cursor = `&cursor=${page.nextCursor}`
    }
    assert.deepEqual(seen, all.toReversed())
    for (const cursor of ['x', Buffer.from('1.x').toString('base64url'), `${'9'.repeat(40)}`]) {
      const bad = await refused(
        control,
        `${path}?cursor=${cursor}`,
        { token: OPERATOR },
        400,
        'validation_failed',
      )
      assert.deepEqual(fieldsOf(bad), ['query cursor'])
    }
  })

  test('is for the owner and operators only', async () => {
    const [own, other] = [await createStream(control), await createStream(control)]
    const path = `/v1/streams/${own.id}/attempts`
    assert.equal((await call(control, path, { token: OPERATOR })).status, 200)
    await refused(control, path, {}, 401, 'unauthorized')
    await refused(control, path, { token: other.streamKey.value }, 403, 'not_your_stream')
    await refused(
      control,
      `/v1/streams/${'z'.repeat(20)}/attempts`,
      { token: OPERATOR },
      404,
      'stream_not_found',
    )
  })
})

describe('GET /v1/attempts', () => {
  test('has unknown and malformed keys, without anything of the key', async () => {
    const address = newAddress()
    const unknown = newStreamKey().reveal()
    for (const key of [unknown, 'live_typo-of-somebody']) await tryKey(key, { address })
    await tryKey('x', { address, args: `flashver=${unknown}` })
    const attempts = await from(address)
    assert.deepEqual(results(attempts), ['malformed_key', 'unknown_key'])
    assert.ok(attempts.every(({ streamId }) => streamId === null))
    const rows = await control.database.query('SELECT * FROM attempts')
    const stored = JSON.stringify(rows)
    for (const part of [unknown, unknown.slice(5, 20), 'typo-of-somebody']) {
      assert.ok(!stored.includes(part) && !control.logLines.some((line) => line.includes(part)), part)
    }
  })

  test('has nothing of a key that an encoder names as its version', async () => {
    const address = newAddress()
    const key = newStreamKey().reveal()
    const body = hookBody('publish', 'x', 1)
      .replace(/flashver=[^&]*/, `flashver=${key}`)
      .replace('addr=127.0.0.1', `addr=${address}`)
    await hook(control, 'on_publish', body)
    assert.deepEqual(
      (await from(address)).map(({ encoder }) => encoder),
      ['live_[redacted]'],
    )
  })

  test('is for operators only', async () => {
    await refused(control, '/v1/attempts', {}, 401, 'unauthorized')
    const { streamKey } = await createStream(control)
    await refused(control, '/v1/attempts', { token: streamKey.value }, 401, 'unauthorized')
  })
})

test('the tries of a stream, and its publisher’s address, go when it is deleted', async () => {
  const issued = await createStream(control)
  const address = newAddress()
  await tryKey(issued.streamKey.value, { address })
  assert.equal((await ofStream(issued)).length, 1)
  const path = `/v1/streams/${issued.id}`
  assert.equal((await call(control, path, { method: 'DELETE', token: issued.streamKey.value })).status, 204)
  assert.deepEqual(await from(address), [])
  const rows = await control.database.query('SELECT id FROM streams WHERE publisher_address = ?', [address])
  assert.deepEqual(rows, [])
})

test('the tries of a stream go with its row', async () => {
  const issued = await createStream(control)
  await tryKey(issued.streamKey.value, { address: newAddress() })
  assert.equal((await ofStream(issued)).length, 1)
  await tryKey(issued.streamKey.value, { address: newAddress() })
  await control.database.query('DELETE FROM streams WHERE id = ?', [issued.id])
  await control.context.attempts.flush()
  const [row] = await control.database.query('SELECT COUNT(*) AS n FROM attempts WHERE stream_id = ?', [
    issued.id,
  ])
  assert.equal(row?.n, 0)
})
