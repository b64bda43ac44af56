import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DatabaseUnavailableError } from '../../../apps/control/database/deadline.ts'
import { WriteConflictError } from '../../../apps/control/database/errors.ts'
import { type Statement, Transactions } from '../../../apps/control/database/transactions.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'

let own: TestDatabase
let transactions: Transactions
before(async () => {
  own = await createMigratedDatabase()
  await own.query('CREATE TABLE pair (id INT PRIMARY KEY, n INT)')
  await own.query('CREATE TABLE seen (head INT)')
  await own.query('INSERT INTO pair VALUES (1, 0), (2, 0)')
  transactions = new Transactions(own.url)
})
after(async () => {
  await transactions[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

const sql = (text: string, ...values: Statement['values']): Statement => ({ sql: text, values })
const n = async (id: number) => (await own.query('SELECT n FROM pair WHERE id = ?', [id]))[0]?.n

test('a transaction sees what others commit meanwhile (READ COMMITTED)', async () => {
  const running = transactions.run([
    sql('INSERT INTO seen SELECT head FROM event_sequence'),
    sql('DO SLEEP(0.4)'),
    sql('INSERT INTO seen SELECT head FROM event_sequence'),
  ])
  const sleeping =
    "SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'DO SLEEP%'"
  await until('the transaction to sleep', async () => (await own.query(sleeping)).length > 0)
  await own.query('UPDATE event_sequence SET head = head + 3')
  await running
  assert.deepEqual(await own.query('SELECT head FROM seen ORDER BY head'), [{ head: 0 }, { head: 3 }])
})

test('every statement’s result is returned, in order', async () => {
  const [none, one] = await transactions.run([
    sql('UPDATE pair SET n = 1 WHERE id = ?', 9),
    sql('UPDATE pair SET n = ? WHERE id = ?', 1, 1),
  ])
  assert.deepEqual([none?.affectedRows, one?.affectedRows], [0, 1])
})

test('a transaction with a mistake is rolled back, and the caller gets the mistake', async () => {
  const before = await n(1)
  await assert.rejects(
    transactions.run([sql('UPDATE pair SET n = 99 WHERE id = 1'), sql('INSERT INTO pair VALUES (2, 0)')]),
    { code: 'ER_DUP_ENTRY' },
  )
  assert.equal(await n(1), before)
})

test('a transaction that waits too long for a lock fails as unavailable and is rolled back', async () => {
  const before = await n(1)
  await own.query('BEGIN')
  await own.query('SELECT * FROM event_sequence FOR UPDATE')
  const begin = performance.now()
  await assert.rejects(
    transactions.run([sql('UPDATE pair SET n = 55 WHERE id = 1'), sql('UPDATE event_sequence SET head = 7')]),
    DatabaseUnavailableError,
  )
  assert.ok(performance.now() - begin < 1_800, 'in time for an answer')
  await own.query('ROLLBACK')
  const [row] = await own.query('SELECT n FROM pair WHERE id = 1 FOR UPDATE')
  assert.equal(row?.n, before)
})

test('of two transactions in a deadlock one is told to try again', async () => {
  const cross = (first: number, second: number) =>
    transactions.run([
      sql('UPDATE pair SET n = n + 1 WHERE id = ?', first),
      sql('DO SLEEP(0.3)'),
      sql('UPDATE pair SET n = n + 1 WHERE id = ?', second),
    ])
  const results = await Promise.allSettled([cross(1, 2), cross(2, 1)])
  const refused = results.filter((result) => result.status === 'rejected')
  assert.equal(refused.length, 1)
  assert.ok(refused[0]?.reason instanceof WriteConflictError)
})

test('a database that cannot be reached is reported as unavailable', async () => {
  await using nowhere = new Transactions(new Secret('mysql://root@localhost/x?socket=/nonexistent/s'))
  await assert.rejects(nowhere.run([sql('DO 1')]), DatabaseUnavailableError)
})
