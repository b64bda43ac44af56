import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { call, createStream, hook, hookBody, publish, publishDone, put, readStream } from '../support/api.ts'
import { TestClock } from '../support/clock.ts'

const REFUSED = { status: 403, location: null }
const clock = new TestClock()
let control: TestControl
before(async () => {
  control = await startControl({ now: clock.now, env: { PUBLIC_URL: 'https://node.example' } })
})
after(() => control[Symbol.asyncDispose]())

async function rotate({ id, streamKey }: IssuedStreamResource): Promise<string> {
  const request = { method: 'POST', token: streamKey.value }
  return (await call<{ value: string }>(control, `/v1/streams/${id}/stream-key`, request)).body.value
}

const statusOf = async (id: string) => (await readStream(control, id)).status
const seen = (id: string) =>
  put(control, id, { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date() })

describe('on_publish', () => {
  test('accepts a publisher under the stream’s id, and the stream is connecting', async () => {
    const { id, streamKey } = await createStream(control)
    assert.deepEqual(await publish(control, streamKey.value), { status: 302, location: id })
    const stream = await readStream(control, id)
    assert.equal(stream.status, 'connecting')
    assert.ok(stream.connectedAt)
    assert.equal(stream.playback.hls, `https://node.example/hls/${id}/index.m3u8`)
  })

  test('accepts a key that was pasted with white space around it', async () => {
    const { id, streamKey } = await createStream(control)
    assert.deepEqual(await publish(control, `${streamKey.value} `), { status: 302, location: id })
  })

  test('refuses a malformed key and an unknown key', async () => {
    const { id, streamKey } = await createStream(control)
    const key = streamKey.value
    const flipped = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0')
    const rotated = await createStream(control)
    await rotate(rotated)
    for (const name of [
      'stream',
      'live_',
      id,
      flipped,
      key.toUpperCase(),
      'é',
      '<script>',
      '../../etc',
      rotated.streamKey.value,
    ]) {
      assert.deepEqual(await publish(control, name), REFUSED, name)
    }
    assert.equal(await statusOf(id), 'waiting')
  })

  test('accepts a publisher with the key that replaced another', async () => {
    const issued = await createStream(control)
    const next = await rotate(issued)
    assert.deepEqual(await publish(control, issued.streamKey.value), REFUSED)
    assert.deepEqual(await publish(control, next), { status: 302, location: issued.id })
  })

  test('accepts a key within its ten minutes', async () => {
    const { id, streamKey } = await createStream(control)
    clock.advance(599_000)
    assert.deepEqual(await publish(control, streamKey.value), { status: 302, location: id })
  })

  test('refuses a key after its ten minutes, even before the stream has been ended', async () => {
    const { id, streamKey } = await createStream(control)
    clock.advance(600_001)
    assert.deepEqual(await publish(control, streamKey.value), REFUSED)
    await control.context.reconciler.round()
    assert.equal(await statusOf(id), 'ended')
    assert.deepEqual(await publish(control, streamKey.value), REFUSED)
  })

  test('refuses the key of an ended stream', async () => {
    const { id, streamKey } = await createStream(control)
    await put(control, id, { kind: 'end-requested', by: 'owner' })
    assert.deepEqual(await publish(control, streamKey.value), REFUSED)
  })

  test('refuses a second publisher without disturbing the first', async () => {
    const { id, streamKey } = await createStream(control)
    await publish(control, streamKey.value, 1)
    await seen(id)
    const before = await readStream(control, id)
    assert.deepEqual(await publish(control, streamKey.value, 2), REFUSED)
    assert.deepEqual(await readStream(control, id), before)
    const session = (await control.context.store.find(id))?.session
    assert.deepEqual([session?.clientId, session?.nginx], [1, '1-100'])
  })

  test('uses the fields that nginx sends, not those the publisher typed after the key', async () => {
    const [mine, other] = [await createStream(control), await createStream(control)]
    const forged = `name=${other.streamKey.value}&clientid=99&addr=9.9.9.9&app=hls&call=x&type=record`
    assert.deepEqual(await publish(control, mine.streamKey.value, 5, { args: forged }), {
      status: 302,
      location: mine.id,
    })
    assert.equal((await control.context.store.find(mine.id))?.session?.clientId, 5)
    assert.equal(await statusOf(other.id), 'waiting')
    const line = control.logLines.findLast((text) => text.includes('"hook":"on_publish"')) ?? ''
    assert.equal(JSON.parse(line).address, '127.0.0.1')
    // A key that stands only in the publisher's own arguments does not count.
    assert.deepEqual(await publish(control, 'nothing', 6, { args: `name=${other.streamKey.value}` }), REFUSED)
    const body = hookBody('publish', 'x', 7).replace('name=x', `name[]=x&name=&name=${other.streamKey.value}`)
    assert.notEqual((await hook(control, 'on_publish', body)).status, 302)
  })
})

describe('on_publish_done', () => {
  async function live(clientId = 3): Promise<IssuedStreamResource> {
    const issued = await createStream(control)
    await publish(control, issued.streamKey.value, clientId)
    await seen(issued.id)
    return issued
  }

  test('makes the stream reconnecting', async () => {
    const { id, streamKey } = await live()
    assert.equal((await publishDone(control, streamKey.value, 3)).status, 204)
    assert.equal(await statusOf(id), 'reconnecting')
  })

  test('is answered with 204 whether it changes anything or not', async () => {
    const { id, streamKey } = await live()
    const unknown = await createStream(control)
    await rotate(unknown)
    for (const name of ['nobody', unknown.streamKey.value, id]) {
      assert.equal((await publishDone(control, name, 3)).status, 204, name)
    }
    assert.equal(await statusOf(id), 'live')
    await publishDone(control, streamKey.value, 3)
    const gone = await readStream(control, id)
    assert.equal((await publishDone(control, streamKey.value, 3)).status, 204)
    assert.deepEqual(await readStream(control, id), gone)
  })

  test('for a second client, which nginx itself refused, does not affect the first', async () => {
    const { id, streamKey } = await live(3)
    assert.equal((await publishDone(control, streamKey.value, 4)).status, 204)
    assert.equal(await statusOf(id), 'live')
  })

  test('from before nginx restarted, with the same client number, does not affect the publisher', async () => {
    const { id, streamKey } = await live(3)
    assert.equal((await publishDone(control, streamKey.value, 3, '0-99')).status, 204)
    assert.equal(await statusOf(id), 'live')
  })

  test('ignores forged fields', async () => {
    const { id, streamKey } = await live(3)
    const body = hookBody('publish_done', streamKey.value, 4, 'clientid=3')
    assert.equal((await hook(control, 'on_publish_done', body)).status, 204)
    assert.equal(await statusOf(id), 'live')
  })
})

describe('a request that is not a hook from nginx', () => {
  const good = hookBody('publish', 'x', 1)
  const FORM = 'application/x-www-form-urlencoded'
  const send = async (path: string, init: RequestInit) => {
    const response = await fetch(control.hooksUrl + path, { redirect: 'manual', ...init })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  const malformed: [what: string, body: string][] = [
    ['nothing', ''],
    ['no name', good.replace('name=x', '')],
    ['an empty name', good.replace('name=x', 'name=')],
    ['a name without end', good.replace('name=x', `name=${'x'.repeat(1_025)}`)],
    ['no client', good.replace('clientid=1', '')],
    ['a client that is no number', good.replace('clientid=1', 'clientid=one')],
    ['a client below zero', good.replace('clientid=1', 'clientid=-1')],
    ['a client beyond counting', good.replace('clientid=1', 'clientid=99999999999999999999')],
    ['another application', good.replace('app=live', 'app=hls')],
    ['another call', good.replace('call=publish', 'call=play')],
    ['broken percent signs', '%&%zz=%&=&&&'],
    ['JSON', '{"name":"x","clientid":1}'],
  ]
  for (const [what, body] of malformed) {
    test(`is refused as malformed: ${what}`, async () => {
      for (const name of ['on_publish', 'on_publish_done'] as const) {
        assert.deepEqual(await hook(control, name, body), { status: 400, location: null })
      }
    })
  }

  test('is answered with every invalid field', async () => {
    const { body } = await send('/hooks/nginx/on_publish', {
      method: 'POST',
      body: 'clientid=x',
      headers: { 'content-type': FORM },
    })
    assert.equal(body.code, 'validation_failed')
    assert.deepEqual((body.errors as { field: string }[]).map(({ field }) => field).sort(), [
      'clientid',
      'name',
    ])
  })

  test('is refused when it is too large', async () => {
    assert.equal((await hook(control, 'on_publish', `${good}&${'x'.repeat(17 * 1024)}`)).status, 413)
  })

  test('is malformed, whatever its content type', async () => {
    for (const type of ['application/json', 'text/plain', 'multipart/form-data']) {
      const json = JSON.stringify({ app: 'live', name: 'x', clientid: '1' })
      assert.equal((await hook(control, 'on_publish', json, { 'content-type': type })).status, 400, type)
    }
  })

  test('is refused for a wrong method or path', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      assert.equal((await send('/hooks/nginx/on_publish', { method })).status, 405, method)
    }
    for (const path of ['/hooks/nginx/on_play', '/hooks/nginx/on_publish/', '/hooks/nginx', '/on_publish']) {
      assert.equal(
        (await send(path, { method: 'POST', body: good, headers: { 'content-type': FORM } })).status,
        404,
        path,
      )
    }
  })

  test('is not logged as an error', () => {
    const lines = control.logLines.filter((line) => /"level":"(error|fatal)"/.test(line))
    assert.deepEqual(lines, [])
  })
})
