import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RowDataPacket } from 'mysql2'
import { DatabaseUnavailableError } from '../../../apps/control/database/deadline.ts'
import { migrate } from '../../../apps/control/database/migrations.ts'
import { WriteConflictError } from '../../../apps/control/database/pool.ts'
import { type Transaction, Transactions } from '../../../apps/control/database/transactions.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import { MIGRATIONS_DIR } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'

let own: TestDatabase
let transactions: Transactions
before(async () => {
  own = await createTestDatabase()
  await migrate(own.url, MIGRATIONS_DIR)
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

test('sees what others have committed meanwhile (READ COMMITTED)', async () => {
  const seen = await transactions.run(async (transaction) => {
    const before = await head(transaction)
    await own.query('UPDATE event_sequence SET head = head + 1')
    return [before, await head(transaction)]
  })
  assert.deepEqual(seen, [0, 1])
})

test('leaves nothing behind when its work throws, and the error is the work’s own', async () => {
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

test('waiting for a lock counts as no answer, and what was begun is undone', async () => {
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

test('two that lock each other out: one of them is told to try again', async () => {
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

test('a database that is not there is unavailable, not an unknown failure', async () => {
  await using nowhere = new Transactions(new Secret('mysql://root@localhost/x?socket=/nonexistent/s'))
  await assert.rejects(nowhere.run(head), DatabaseUnavailableError)
})
