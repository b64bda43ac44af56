import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { DatabaseUnavailableError } from '../../../apps/control/database/deadline.ts'
import { ConnectionPool } from '../../../apps/control/database/pool.ts'
import { createTestDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'
import { DatabaseProxy } from '../support/unix-proxy.ts'

const POOL_SIZE = 10

let stack: AsyncDisposableStack
let proxy: DatabaseProxy
let pool: ConnectionPool
beforeEach(async () => {
  stack = new AsyncDisposableStack()
  proxy = stack.use(await DatabaseProxy.start(stack.use(await createTestDatabase())))
  pool = stack.use(new ConnectionPool(proxy.database.url))
})
afterEach(() => stack.disposeAsync())

const select = (sql: string) => pool.rows<{ answer: number }>(`SELECT ${sql} AS answer`, [])

/** How each of many calls at once came out. @returns the reasons of those that failed, and when each did */
async function failuresOf(calls: number, sql: string): Promise<{ reason: unknown; afterMs: number }[]> {
  const begin = performance.now()
  const failures: { reason: unknown; afterMs: number }[] = []
  const call = () =>
    select(sql).catch((reason: unknown) => failures.push({ reason, afterMs: performance.now() - begin }))
  await Promise.all(Array.from({ length: calls }, call))
  return failures
}

async function isServedAtOnce(): Promise<void> {
  const begin = performance.now()
  assert.deepEqual(await select('1'), [{ answer: 1 }])
  assert.ok(performance.now() - begin < 1_000)
}

test('calls that have waited too long cost no connection', async () => {
  const failures = await failuresOf(250, 'SLEEP(0.3)')
  assert.ok(failures.length > 100, `${failures.length} have waited too long`)
  assert.ok(failures.every(({ reason }) => reason instanceof DatabaseUnavailableError))
  await isServedAtOnce()
  assert.equal(proxy.opened, POOL_SIZE)
})

test('statements that take too long do not make the pool open more connections', async () => {
  const failures = await failuresOf(3 * POOL_SIZE, 'SLEEP(2.7)')
  assert.equal(failures.length, 3 * POOL_SIZE)
  assert.ok(failures.every(({ reason }) => reason instanceof DatabaseUnavailableError))
  // As soon as the first of them has come to its end.
  assert.deepEqual(await select('1'), [{ answer: 1 }])
  assert.equal(proxy.opened, POOL_SIZE)
})

test('when too many calls wait, the next are refused at once as unavailable', async () => {
  const failures = await failuresOf(600, 'SLEEP(0.3)')
  assert.deepEqual(
    failures.filter(({ reason }) => !(reason instanceof DatabaseUnavailableError)),
    [],
  )
  const atOnce = failures.filter(({ afterMs }) => afterMs < 1_000)
  assert.ok(atOnce.length >= 90, `${atOnce.length} at once`)
  await isServedAtOnce()
})

test('connections that get no answer are replaced', async () => {
  await Promise.all(Array.from({ length: POOL_SIZE }, () => select('SLEEP(0.1)')))
  proxy.loseConnections()
  const failures = await failuresOf(POOL_SIZE, '2')
  assert.equal(failures.length, POOL_SIZE)
  await until('new connections', () => select('3').catch(() => false), 8_000)
  await isServedAtOnce()
  assert.ok(proxy.opened <= 2 * POOL_SIZE)
})

test('closing the pool does not wait for a frozen server', async () => {
  await isServedAtOnce()
  proxy.freeze()
  await assert.rejects(select('2'), DatabaseUnavailableError)
  const begin = performance.now()
  await pool[Symbol.asyncDispose]()
  assert.ok(performance.now() - begin < 2_500)
})
