// Servers whose defaults differ from those of the test run's: a MariaDB of this file's own is set to them.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { WriteConflictError } from '../../../apps/control/database/errors.ts'
import { migrate } from '../../../apps/control/database/migrations.ts'
import { ConnectionPool } from '../../../apps/control/database/pool.ts'
import { Transactions } from '../../../apps/control/database/transactions.ts'
import { EventLog } from '../../../apps/control/events/log.ts'
import { EmbeddedMariadb } from '../../../apps/stack/mariadb/embedded-mariadb.ts'
import { startControl } from '../../support/control.ts'
import { createTestDatabase, MIGRATIONS_DIR, type TestDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'
import { liveStream } from '../support/api.ts'

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

describe('with innodb_snapshot_isolation, MariaDB’s default from 11.6.2,', () => {
  before(async () => {
    await database.query('SET GLOBAL innodb_snapshot_isolation = ON')
    // What is open keeps its old setting.
    await migrate(database.url, MIGRATIONS_DIR)
  })

  test('a row that has changed since it was read is a conflict', async () => {
    await database.query('CREATE TABLE pair (id INT PRIMARY KEY, n INT)')
    await database.query('INSERT INTO pair VALUES (1, 0)')
    await using repeatable = new ConnectionPool(database.url, {
      atOpen: ['SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ'],
    })
    const losing = repeatable.use(async (connection) => {
      await connection.query('START TRANSACTION')
      await connection.query('SELECT * FROM pair')
      await database.query('UPDATE pair SET n = 1')
      await connection.query('UPDATE pair SET n = n + 1')
    })
    await assert.rejects(losing, WriteConflictError)
    await assert.rejects(losing, /changed/)
  })

  test('old events are removed while new ones are written, and streams change', async () => {
    await using control = await startControl({ database })
    const log = new EventLog(control.context.database)
    let pruning = true
    const writing = Array.from({ length: 8 }, async () => {
      let written = 0
      for (; pruning || written === 0; written++) await liveStream(control)
      return written
    })
    for (let round = 0; round < 10; round++) {
      await until('something to remove', async () => (await log.page(0, 10)).events.length === 10)
      assert.ok((await log.prune(new Date(Date.now() + 60_000))) > 0)
    }
    pruning = false
    const written = (await Promise.all(writing)).reduce((sum, count) => sum + count, 0)
    await log.prune(new Date(Date.now() + 60_000))
    const head = 3 * written
    assert.deepEqual(await log.page(0, 1), { head, pruned: head, events: [] })
  })
})
