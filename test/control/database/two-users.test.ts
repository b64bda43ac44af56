// Two users of one database: MIGRATION_DATABASE_URL's may change tables, DATABASE_URL's only rows.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MigrationError, migrate } from '../../../apps/control/database/migrations.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import { startControl } from '../../support/control.ts'
import { createTestDatabase, MIGRATIONS_DIR, type TestDatabase } from '../../support/database.ts'
import { call, createStream, goLive, readStream } from '../support/api.ts'

const stack = new AsyncDisposableStack()
let database: TestDatabase
/** The same database for a user who has no right but to read and change rows. */
let restricted: TestDatabase

before(async () => {
  database = stack.use(await createTestDatabase())
  const url = new URL(database.url.reveal())
  const user = `'${url.pathname.slice(7, 30)}'@localhost`
  await database.query(`CREATE USER ${user} IDENTIFIED BY 'rows'`)
  stack.defer(() => database.query(`DROP USER ${user}`).then(() => undefined))
  await database.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${url.pathname.slice(1)}.* TO ${user}`)
  url.username = url.pathname.slice(7, 30)
  url.password = 'rows'
  restricted = { ...database, url: new Secret(url.href), [Symbol.asyncDispose]: async () => {} }
})
after(() => stack.disposeAsync())

test('the one who may only change rows cannot migrate, is told so, and leaves nothing half done', async () => {
  await migrate(database.url, MIGRATIONS_DIR)
  await database.query('DELETE FROM _prisma_migrations ORDER BY migration_name DESC LIMIT 1')
  const before = await database.query('SELECT * FROM _prisma_migrations')
  await assert.rejects(migrate(restricted.url, MIGRATIONS_DIR), (error) => {
    assert.ok(error instanceof MigrationError)
    assert.match(error.message, /MIGRATION_DATABASE_URL/)
    return true
  })
  assert.deepEqual(await database.query('SELECT * FROM _prisma_migrations'), before)
})

test('control migrates as the one, and does everything else as the other', async () => {
  await using fresh = await createTestDatabase()
  const name = new URL(fresh.url.reveal()).pathname.slice(1)
  const { username } = new URL(restricted.url.reveal())
  await database.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name}.* TO '${username}'@localhost`)
  const url = new URL(restricted.url.reveal())
  url.pathname = `/${name}`
  const runs = { ...fresh, url: new Secret(url.href), [Symbol.asyncDispose]: async () => {} }
  {
    const env = { DATABASE_URL: url.href, MIGRATION_DATABASE_URL: fresh.url.reveal() }
    await using control = await startControl({ database: runs, env })
    const issued = await createStream(control, { record: true })
    await goLive(control, issued)
    const token = issued.streamKey.value
    assert.equal((await call(control, `/v1/streams/${issued.id}/end`, { method: 'POST', token })).status, 200)
    assert.equal((await readStream(control, issued.id)).status, 'ended')
  }
  // And without the other, once there is nothing to migrate.
  await using control = await startControl({ database: runs })
  assert.equal((await call(control, '/v1/streams')).status, 200)
})
