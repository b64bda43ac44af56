// A node that is cut off from the database in the middle of what it does must not stop the other nodes.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { DatabaseUnavailableError } from '../../../apps/control/database/deadline.ts'
import { Transactions } from '../../../apps/control/database/transactions.ts'
import { commitWithEvents } from '../../../apps/control/events/append.ts'
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'
import { append, draft } from '../support/events.ts'
import { DatabaseProxy } from '../support/unix-proxy.ts'

let stack: AsyncDisposableStack
let own: TestDatabase
let proxy: DatabaseProxy
/** Its network to the database can stop without a goodbye. */
let vanishing: Transactions
let other: Transactions

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  own = stack.use(await createMigratedDatabase())
  proxy = stack.use(await DatabaseProxy.start(own))
  vanishing = stack.use(new Transactions(proxy.database.url))
  other = stack.use(new Transactions(own.url))
})
afterEach(() => stack.disposeAsync())

test('a node that vanishes in mid-commit does not stop the others, and the log has no hole', async () => {
  const waits: number[] = []
  for (let round = 0; round < 25; round++) {
    let committing = true
    const commit = async () => {
      while (committing) await append(vanishing, draft(), draft())
    }
    const busy = Promise.allSettled(Array.from({ length: 8 }, commit))
    await delay(20 + Math.random() * 20)
    proxy.freeze()
    committing = false
    for (let n = 0; n < 3; n++) {
      const begin = performance.now()
      await append(other, draft())
      waits.push(performance.now() - begin)
    }
    proxy.thaw()
    for (const result of await busy) {
      if (result.status === 'rejected') assert.ok(result.reason instanceof DatabaseUnavailableError)
    }
  }
  assert.ok(Math.max(...waits) < 1_000, `${Math.max(...waits)} ms`)
  const rows = await own.query('SELECT COUNT(*) AS count, MIN(id) AS first, MAX(id) AS last FROM events')
  const [sequence] = await own.query('SELECT head FROM event_sequence')
  assert.deepEqual(rows, [{ count: sequence?.head, first: 1, last: sequence?.head }])
})

test('a node that vanishes in mid-commit leaves no change without its event, and no event without its change', async () => {
  await own.query('CREATE TABLE changes (id INT PRIMARY KEY)')
  proxy.breakAfterTransaction = true
  const rounds = Array.from({ length: 100 }, (_, id) => id)
  for (const id of rounds) {
    const change = { sql: 'INSERT INTO changes VALUES (?)', values: [id] }
    // Large, so that the server is busy for as long as it takes to close the connection.
    const events = [draft({ body: { id } }), draft({ body: { id, padding: 'x'.repeat(2_000) } })]
    await commitWithEvents(vanishing, change, events).catch((error: unknown) => {
      assert.ok(error instanceof DatabaseUnavailableError, String(error))
    })
  }
  const isIdle = 'SELECT 1 FROM information_schema.innodb_trx LIMIT 1'
  await until('the server to finish', async () => (await own.query(isIdle)).length === 0)
  const [counts] = await own.query(
    'SELECT COUNT(*) AS changes, (SELECT COUNT(*) FROM events) / 2 AS events, (SELECT head FROM event_sequence) / 2 AS head FROM changes',
  )
  assert.ok(Number(counts?.changes) > 0, 'some commits have arrived as a whole')
  assert.deepEqual(
    [Number(counts?.events), Number(counts?.head)],
    [Number(counts?.changes), Number(counts?.changes)],
  )
})

test('a node that vanishes before it hears of an error loses its locks within seconds', async (t) => {
  const [version] = await own.query('SELECT VERSION() AS version')
  // MySQL has only the limit for idle connections, which takes a minute.
  if (!String(version?.version).includes('MariaDB')) return t.skip('MySQL')
  await own.query('CREATE TABLE t (id INT PRIMARY KEY, n INT)')
  await own.query('INSERT INTO t VALUES (1, 0)')
  const changing = { sql: 'UPDATE t SET n = n + 1 WHERE id = ?', values: [1] }
  await own.query('BEGIN')
  await own.query('SELECT * FROM event_sequence FOR UPDATE')
  const failing = vanishing.run([changing, { sql: 'UPDATE event_sequence SET head = 9', values: [] }])
  await delay(300)
  proxy.freeze()
  await assert.rejects(failing, DatabaseUnavailableError)
  await own.query('ROLLBACK')
  await until('the lock to be released', () => other.run([changing]).catch(() => false), 8_000)
  assert.deepEqual(await own.query('SELECT n FROM t'), [{ n: 1 }])
})
