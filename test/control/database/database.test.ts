import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Client, Database } from '../../../apps/control/database/database.ts'
import { DatabaseUnavailableError } from '../../../apps/control/database/deadline.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts'

let own: TestDatabase
let database: Database
before(async () => {
  own = await createMigratedDatabase()
  database = new Database(own.url)
  await database.open()
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

const head = async (client: Client) =>
  Number((await client.eventSequence.findUniqueOrThrow({ where: { id: 1 } })).head)

test('a query that takes too long is abandoned and does not delay the next one', async () => {
  const begin = performance.now()
  await assert.rejects(
    database.run((client) => client.$queryRaw`SELECT SLEEP(4)`),
    DatabaseUnavailableError,
  )
  assert.ok(performance.now() - begin < 2_000)
  assert.equal(await database.run(head), 0)
})

test('a database that cannot be reached is reported as unavailable', async () => {
  await using nowhere = new Database(new Secret('mysql://root@localhost/x?socket=/nonexistent/s'))
  await assert.rejects(nowhere.run(head), DatabaseUnavailableError)
})

test('a database that is not used keeps one connection, and opens more when several are needed', async () => {
  await using idle = new Database(own.url)
  const connections = async () => {
    const rows = await own.query(
      'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()',
    )
    return rows.length
  }
  const before = await connections()
  await idle.open()
  await delay(500)
  // The driver would fill its pool.
  assert.ok((await connections()) - before <= 2, `${(await connections()) - before} connections`)
  const startedMs = performance.now()
  await Promise.all(
    Array.from({ length: 4 }, () => idle.run((client) => client.$queryRaw`SELECT SLEEP(0.5)`)),
  )
  assert.ok(performance.now() - startedMs < 1_500, 'one after the other')
})
