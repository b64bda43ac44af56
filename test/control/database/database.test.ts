import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Database, DatabaseUnavailableError } from '../../../apps/control/database/database.ts'
import { migrate } from '../../../apps/control/database/migrations.ts'
import { Secret } from '../../../apps/control/secret.ts'
import { MIGRATIONS_DIR } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'

let own: TestDatabase
let database: Database
before(async () => {
  own = await createTestDatabase()
  await migrate(own.url, MIGRATIONS_DIR)
  database = new Database(own.url)
  await database.open()
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

const head = async (client: Pick<Parameters<Parameters<Database['transaction']>[0]>[0], 'eventSequence'>) =>
  Number((await client.eventSequence.findUniqueOrThrow({ where: { id: 1 } })).head)

test('a transaction sees what others have committed meanwhile (READ COMMITTED)', async () => {
  const seen = await database.transaction(async (tx) => {
    const before = await head(tx)
    await own.query('UPDATE event_sequence SET head = head + 1')
    return [before, await head(tx)]
  })
  assert.deepEqual(seen, [0, 1])
})

test('a transaction whose work throws leaves nothing behind, and the error is the work’s own', async () => {
  const mistake = new Error('mine')
  const before = await database.run(head)
  await assert.rejects(
    database.transaction(async (tx) => {
      await tx.eventSequence.update({ where: { id: 1 }, data: { head: 99n } })
      throw mistake
    }),
    (error) => error === mistake,
  )
  assert.equal(await database.run(head), before)
})

test('work that takes too long is given up, and does not hold up what comes next', async () => {
  const begin = performance.now()
  await assert.rejects(
    database.run((client) => client.$queryRaw`SELECT SLEEP(4)`),
    DatabaseUnavailableError,
  )
  assert.ok(performance.now() - begin < 2_000)
  assert.equal(await database.run(head), 1)
})

test('waiting for a lock counts as no answer, too', async () => {
  const begin = performance.now()
  await own.query('BEGIN')
  await own.query('SELECT * FROM event_sequence FOR UPDATE')
  const waiting = database.transaction((tx) =>
    tx.eventSequence.update({ where: { id: 1 }, data: { head: 7n } }),
  )
  await assert.rejects(waiting, DatabaseUnavailableError)
  assert.ok(performance.now() - begin < 2_000)
  await own.query('ROLLBACK')
})

test('a database that is not there is unavailable, not an unknown failure', async () => {
  await using nowhere = new Database(new Secret('mysql://root@localhost/x?socket=/nonexistent/s'))
  await assert.rejects(nowhere.run(head), DatabaseUnavailableError)
})
