// Nodes whose system clocks are wrong: everything that nodes share goes by the database's clock.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'
import { createStream, liveStream, publish, put, readStream } from '../support/api.ts'
import { ControlProcess } from '../support/control-process.ts'
import { FakeNginx } from '../support/fake-nginx.ts'

const DAY_S = 24 * 60 * 60
let database: TestDatabase
/** A node whose clock is right. */
let right: TestControl
before(async () => {
  database = await createTestDatabase()
  right = await startControl({ database, env: { NODE_ID: 'right' } })
})
after(async () => {
  await right[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

/** How far a time is in the future, in seconds. */
const secondsFromNow = (time: string) => (Date.parse(time) - Date.now()) / 1_000

for (const offsetS of [61, -90, 31 * DAY_S]) {
  test(`a node whose clock is wrong by ${offsetS} s ends nothing early, removes no events, and says so`, async () => {
    const { id } = await liveStream(right)
    await put(right, id, {
      kind: 'publisher-gone',
      session: { nodeId: 'right', nginx: null, clientId: 1 },
    })
    const waiting = await createStream(right)
    const events = () => database.query('SELECT id FROM events')
    const { length } = await events()
    await using nginx = await FakeNginx.start()
    await using wrong = await ControlProcess.start(database, {
      ...{ NODE_ID: 'wrong', NGINX_URL: nginx.url, CLOCK_OFFSET_MS: String(offsetS * 1_000) },
    })
    // It looks for what is overdue before it asks nginx.
    await until('a round of its reconciler', () => nginx.asked > 0)
    assert.equal((await readStream(right, id)).status, 'reconnecting')
    assert.equal((await readStream(right, waiting.id)).status, 'waiting')
    assert.equal((await events()).length, length)

    const { createdAt, streamKey } = await createStream(wrong)
    assert.ok(Math.abs(secondsFromNow(createdAt)) < 5, createdAt)
    assert.ok(Math.abs(secondsFromNow(streamKey.expiresAt) - 600) < 5, streamKey.expiresAt)

    const metrics = await (await fetch(`${wrong.hooksUrl}/metrics`)).text()
    const [, offset] = /^onair_clock_offset_seconds (\S+)$/m.exec(metrics) ?? []
    assert.ok(Math.abs(Number(offset) - offsetS) < 0.5, `${offset}`)
    const warnings = () => wrong.log.split('\n').filter((line) => line.includes('clock differs'))
    await until('the warning', () => warnings().length > 0)
    assert.equal(warnings().length, 1)
    assert.ok(Math.abs(JSON.parse(warnings()[0] ?? '').offsetS - offsetS) < 0.5)
  })
}

describe('a node whose clock is set back while it runs', () => {
  test('lets a streamer back in whose publisher is only a ghost', async () => {
    await using nginx = await FakeNginx.start()
    await using node = await ControlProcess.start(database, {
      ...{ NODE_ID: 'set-back', NGINX_URL: nginx.url, CLOCK_LATER_OFFSET_MS: '-3600000' },
    })
    const { streamKey } = await createStream(node)
    assert.equal((await publish(node, streamKey.value, 1)).status, 302)
    node.process.kill('SIGUSR2')
    const begin = performance.now()
    await until('it to be let in', async () => (await publish(node, streamKey.value, 2)).status === 302)
    const ms = performance.now() - begin
    assert.ok(ms > 3_000 && ms < 10_000, `after ${ms} ms`)
    await until('the warning', () => /"offsetS":-3600.*clock differs/.test(node.log))
  })
})
