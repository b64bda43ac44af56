import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RowDataPacket } from 'mysql2'
import { DatabaseUnavailableError } from '../../../apps/control/database/deadline.ts'
import { WriteConflictError } from '../../../apps/control/database/pool.ts'
import { type Transaction, Transactions } from '../../../apps/control/database/transactions.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts'

let own: TestDatabase
let transactions: Transactions
before(async () => {
  own = await createMigratedDatabase()
  await own.query('CREATE TABLE pair (id INT PRIMARY KEY, n INT)')
  await own.query('INSERT INTO pair VALUES (1, 0), (2, 0)')
  transactions = new Transactions(own.url)
})
after(async () => {
  await transactions[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

async function head(transaction: Transaction): Promise<number> {
  const [[row]] = await transaction.execute<RowDataPacket[]>('SELECT head FROM event_sequence')
  return Number(row?.head)
}

test('a transaction sees what others commit meanwhile (READ COMMITTED)', async () => {
  const seen = await transactions.run(async (transaction) => {
    const before = await head(transaction)
    await own.query('UPDATE event_sequence SET head = head + 1')
    return [before, await head(transaction)]
  })
  assert.deepEqual(seen, [0, 1])
})

test('a transaction whose work throws is rolled back, and the caller gets that error', async () => {
  const mistake = new Error('mine')
  const before = await transactions.run(head)
  await assert.rejects(
    transactions.run(async (transaction) => {
      await transaction.execute('UPDATE event_sequence SET head = 99')
      throw mistake
    }),
    (error) => error === mistake,
  )
  assert.equal(await transactions.run(head), before)
})

test('a transaction that waits too long for a lock fails as unavailable and is rolled back', async () => {
  const begin = performance.now()
  await own.query('BEGIN')
  await own.query('SELECT * FROM event_sequence FOR UPDATE')
  const waiting = transactions.run(async (transaction) => {
    await transaction.execute('UPDATE pair SET n = 5 WHERE id = 1')
    await transaction.execute('UPDATE event_sequence SET head = 7')
  })
  await assert.rejects(waiting, DatabaseUnavailableError)
  assert.ok(performance.now() - begin < 2_200)
  await own.query('ROLLBACK')
  const [row] = await own.query('SELECT n FROM pair WHERE id = 1 FOR UPDATE')
  assert.equal(row?.n, 0)
})

test('of two transactions in a deadlock one fails as a conflict, to be tried again', async () => {
  const { promise: bothHold, resolve } = Promise.withResolvers<void>()
  let holding = 0
  const cross = (first: number, second: number) =>
    transactions.run(async (transaction) => {
      await transaction.execute('UPDATE pair SET n = n + 1 WHERE id = ?', [first])
      if (++holding === 2) resolve()
      await bothHold
      await transaction.execute('UPDATE pair SET n = n + 1 WHERE id = ?', [second])
    })
  const results = await Promise.allSettled([cross(1, 2), cross(2, 1)])
  const refused = results.filter((result) => result.status === 'rejected')
  assert.equal(refused.length, 1)
  assert.ok(refused[0]?.reason instanceof WriteConflictError)
})

test('a database that cannot be reached is reported as unavailable', async () => {
  await using nowhere = new Transactions(new Secret('mysql://root@localhost/x?socket=/nonexistent/s'))
  await assert.rejects(nowhere.run(head), DatabaseUnavailableError)
})
