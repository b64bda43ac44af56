import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { createTestDatabase } from '../../support/database.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'
import { call, createStream, publish, publishDone, put, readStream, refused } from '../support/api.ts'
import { DatabaseProxy } from '../support/unix-proxy.ts'

let stack: AsyncDisposableStack
let proxy: DatabaseProxy
let control: TestControl
before(async () => {
  stack = new AsyncDisposableStack()
  const database = stack.use(await createTestDatabase())
  proxy = stack.use(await DatabaseProxy.start(database))
  control = stack.use(await startControl({ database: proxy.database }))
})
after(() => stack.disposeAsync())

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const begin = performance.now()
  return [await work(), performance.now() - begin]
}

const outages = {
  freeze: ['frozen', () => proxy.freeze(), () => proxy.thaw()],
  cut: ['gone', () => proxy.cut(), () => proxy.mend()],
} as const

for (const [what, leave, comeBack] of Object.values(outages)) {
  test(`with the database ${what}, hooks and REST answer 503 within 2 s, event streams stay open, and everything recovers`, async () => {
    const { id, streamKey } = await createStream(control)
    await using reader = await SseReader.open(`${control.apiUrl}/v1/events?stream=${id}`)
    leave()
    try {
      const [hooked, rest, done, ready] = await Promise.all([
        timed(() => publish(control, streamKey.value)),
        timed(() => refused(control, `/v1/streams/${id}`, {}, 503, 'database_unavailable')),
        timed(() => publishDone(control, streamKey.value, 9)),
        timed(() => call(control, '/readyz')),
      ])
      assert.deepEqual(hooked[0], { status: 503, location: null })
      assert.match(rest[0].headers.get('retry-after') ?? '', /^\d+$/)
      assert.equal(ready[0].status, 503)
      for (const [, ms] of [hooked, rest, done, ready]) assert.ok(ms < 2_000, `${ms} ms`)
      await refused(control, '/v1/streams', { method: 'POST', json: {} }, 503, 'database_unavailable')
      await refused(
        control,
        `/v1/streams/${id}/end`,
        { method: 'POST', token: streamKey.value },
        503,
        'database_unavailable',
      )
      // A malformed key is refused without the database.
      const [wrong, ms] = await timed(() => publish(control, 'wrong'))
      assert.ok(wrong.status === 403 && ms < 1_000, `${wrong.status} after ${ms} ms`)
      assert.equal((await call(control, '/healthz')).status, 200)
      assert.equal(reader.ended, false)
    } finally {
      comeBack()
    }
    await until('REST to answer again', async () => (await call(control, `/v1/streams/${id}`)).status === 200)
    assert.equal(reader.ended, false)
    const next = await createStream(control)
    assert.deepEqual(await publish(control, next.streamKey.value), { status: 302, location: next.id })
    await put(control, id, { kind: 'end-requested', by: 'owner' })
    await reader.frame('stream.ended')
    assert.equal((await readStream(control, id)).status, 'ended')
  })
}

test('an outage of the database is two lines in the log, whatever runs into it', async () => {
  const { id } = await createStream(control)
  control.context.startRounds()
  await until('the outages of the tests before to be over', async () => {
    await readStream(control, id)
    return (
      control.logLines.findLast((line) => line.includes('the database '))?.includes('answers again') ?? true
    )
  })
  const before = control.logLines.length
  proxy.cut()
  for (let attempt = 0; attempt < 4; attempt++) {
    await refused(control, `/v1/streams/${id}`, {}, 503, 'database_unavailable')
    await refused(control, '/v1/streams', { method: 'POST', json: {} }, 503, 'database_unavailable')
  }
  proxy.mend()
  const warnings = () =>
    control.logLines
      .slice(before)
      .map((line) => JSON.parse(line) as { level: string; msg: string })
      .filter(({ level, msg }) => !/debug|info/.test(level) && !msg.startsWith('nginx'))
      .map(({ msg }) => msg)
  await until('the end of the outage to be logged', async () => {
    await call(control, `/v1/streams/${id}`)
    return warnings().includes('the database answers again')
  })
  assert.deepEqual(warnings(), ['the database does not answer', 'the database answers again'])
})

test('connections that break right after login cause 503s and nothing worse', async () => {
  const { id, streamKey } = await createStream(control)
  proxy.cut()
  proxy.breakAfterLogin = true
  proxy.mend()
  try {
    assert.equal((await publish(control, streamKey.value)).status, 503)
    await refused(control, `/v1/streams/${id}`, {}, 503, 'database_unavailable')
    await refused(control, '/v1/streams', { method: 'POST', json: {} }, 503, 'database_unavailable')
  } finally {
    proxy.breakAfterLogin = false
  }
  await until('REST to answer again', async () => (await call(control, `/v1/streams/${id}`)).status === 200)
})

test('a key that fails its checksum is refused without asking the database', async () => {
  const { streamKey } = await createStream(control)
  const { value } = streamKey
  const flipped = value.slice(0, -1) + (value.endsWith('0') ? '1' : '0')
  proxy.cut()
  try {
    for (const name of [flipped, 'stream', 'live_']) {
      assert.equal((await publish(control, name)).status, 403)
      assert.equal((await publishDone(control, name)).status, 204)
    }
  } finally {
    proxy.mend()
  }
})
