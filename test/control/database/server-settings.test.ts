// Servers whose defaults differ from those of the test run's: a MariaDB of this file's own is set to them.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Transactions } from '../../../apps/control/database/transactions.ts'
import { EmbeddedMariadb } from '../../../apps/stack/mariadb/embedded-mariadb.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'

let stack: AsyncDisposableStack
let database: TestDatabase
before(async () => {
  stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'server-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const { env } = process
  const server = stack.use(await EmbeddedMariadb.start({ folder, env, onLine: () => {}, durable: false }))
  database = stack.use(await createTestDatabase(server.url()))
})
after(() => stack.disposeAsync())

test('with any SQL mode, values that look like SQL stay values', async () => {
  await database.query('CREATE TABLE texts (id INT PRIMARY KEY, value TEXT, bytes BLOB, at DATETIME(3))')
  await database.query("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'")
  await using transactions = new Transactions(database.url)
  const at = new Date('2026-01-02T03:04:05.678Z')
  const bytes = new Uint8Array([0, 39, 92, 255])
  const values = [
    "'); DROP TABLE texts; -- ",
    "\\'); DROP TABLE texts; -- ",
    '"?" \\',
    'Grüße 🎥\n\0\x1a',
    '',
  ]
  const sql = 'INSERT INTO texts VALUES (?, ?, ?, ?)'
  await transactions.run(values.map((value, id) => ({ sql, values: [id, value, bytes, at] })))
  assert.deepEqual(
    await database.query('SELECT value, bytes, at FROM texts ORDER BY id'),
    values.map((value) => ({ value, bytes: Buffer.from(bytes), at })),
  )
})
