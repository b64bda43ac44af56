// MAX_PUBLISHERS, MAX_PUBLISHERS_PER_ADDRESS and HLS_MIN_FREE_BYTES, as a publisher meets them at on_publish.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { createStream, publish, publishDone, put, readStream } from '../support/api.ts'
import { FakeNginx } from '../support/fake-nginx.ts'

const REFUSED = { status: 403, location: null }
const end = { kind: 'end-requested', by: 'owner' } as const

/** The reasons for which hooks of this control were refused, in order. */
function reasons({ logLines }: TestControl): string[] {
  return logLines.flatMap((line) => {
    const { msg, result } = JSON.parse(line) as { msg?: string; result?: string }
    return msg === 'publish decided' && result !== undefined && result !== 'admitted' ? [result] : []
  })
}

async function metric(control: TestControl, reason: string): Promise<string | undefined> {
  const text = await (await fetch(`${control.hooksUrl}/metrics`)).text()
  return new RegExp(`onair_hooks_total\\{hook="on_publish",result="${reason}"\\} (\\d+)`).exec(text)?.[1]
}

describe('with MAX_PUBLISHERS', () => {
  let nginx: FakeNginx
  let controls: [TestControl, TestControl]
  before(async () => {
    nginx = await FakeNginx.start()
    const env = { MAX_PUBLISHERS: '3', NGINX_URL: nginx.url }
    const first = await startControl({ env })
    controls = [first, await startControl({ database: first.database, env: { ...env, NODE_ID: 'other' } })]
  })
  after(async () => {
    for (const control of controls.toReversed()) await control[Symbol.asyncDispose]()
    await nginx[Symbol.asyncDispose]()
  })

  test('of many publishers at the same moment, on two nodes, exactly as many are accepted', async () => {
    const [a] = controls
    for (let round = 0; round < 5; round++) {
      const streams = await Promise.all(Array.from({ length: 10 }, () => createStream(a)))
      const answers = await Promise.all(
        streams.map(({ streamKey }, n) => publish(controls[n % 2] ?? a, streamKey.value, 10 * round + n)),
      )
      assert.equal(answers.filter(({ status }) => status === 302).length, 3, `round ${round}`)
      for (const { id } of streams) await put(a, id, end)
    }
    assert.ok(reasons(a).length > 0 && reasons(a).every((reason) => reason === 'limit_publishers'))
    assert.equal(await metric(a, 'limit_publishers'), String(reasons(a).length))
  })

  test('a refused key still starts its broadcast as soon as there is a place', async () => {
    const [a, b] = controls
    const running = await Promise.all(Array.from({ length: 3 }, () => createStream(a)))
    for (const [n, { streamKey }] of running.entries()) await publish(a, streamKey.value, 100 + n)
    const next = await createStream(b)
    assert.deepEqual(await publish(b, next.streamKey.value, 200), REFUSED)
    assert.equal((await readStream(b, next.id)).status, 'waiting')
    await put(a, running[0]?.id ?? '', end)
    assert.deepEqual(await publish(b, next.streamKey.value, 201), { status: 302, location: next.id })
    for (const { id } of [...running, next]) await put(a, id, end)
  })

  test('a publisher that comes back within its window has its place', async () => {
    const [a] = controls
    const running = await Promise.all(Array.from({ length: 3 }, () => createStream(a)))
    for (const [n, { streamKey }] of running.entries()) await publish(a, streamKey.value, 300 + n)
    const [lost] = running
    assert.ok(lost)
    await publishDone(a, lost.streamKey.value, 300)
    const other = await createStream(a)
    assert.deepEqual(await publish(a, other.streamKey.value, 310), REFUSED)
    assert.deepEqual(await publish(a, lost.streamKey.value, 311), { status: 302, location: lost.id })
    for (const { id } of running) await put(a, id, end)
  })
})

describe('with MAX_PUBLISHERS_PER_ADDRESS', () => {
  let control: TestControl
  before(async () => {
    control = await startControl({ env: { MAX_PUBLISHERS_PER_ADDRESS: '1' } })
  })
  after(() => control[Symbol.asyncDispose]())

  const from = async (address: string) => {
    const { streamKey } = await createStream(control)
    return (await publish(control, streamKey.value, 1, { address })).status
  }

  test('an address has that many, whatever others have', async () => {
    assert.deepEqual([await from('192.0.2.1'), await from('192.0.2.1')], [302, 403])
    assert.equal(await from('192.0.2.2'), 302)
    assert.deepEqual(reasons(control), ['limit_publishers_per_address'])
  })

  test('an IPv6 customer’s whole /64 counts as one address', async () => {
    assert.deepEqual([await from('2001:db8:1:2::7'), await from('2001:db8:1:2:ffff::1')], [302, 403])
    assert.equal(await from('2001:db8:1:3::7'), 302)
  })

  test('an IPv4 address is the same however the socket shows it', async () => {
    assert.deepEqual([await from('192.0.2.3'), await from('::ffff:192.0.2.3')], [302, 403])
  })
})

test('with too little free on the disk of HLS_DIR, a publisher is refused, and keeps its key', async () => {
  await using control = await startControl({ env: { HLS_MIN_FREE_BYTES: String(Number.MAX_SAFE_INTEGER) } })
  const { id, streamKey } = await createStream(control)
  assert.deepEqual(await publish(control, streamKey.value), REFUSED)
  assert.deepEqual(reasons(control), ['disk_full'])
  assert.equal((await readStream(control, id)).status, 'waiting')
  assert.equal(await metric(control, 'disk_full'), '1')
})
