import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { MigrationError, migrate } from '../../../apps/control/database/migrations.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import { createTestDatabase, MIGRATIONS_DIR, type TestDatabase } from '../../support/database.ts'

const shipped = (await readdir(MIGRATIONS_DIR)).filter((name) => /^\d/.test(name)).sort()
let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'migrations-'))
})
after(() => rm(folder, { recursive: true }))

/** A folder of migrations for one test. */
async function migrations(name: string, sql: Record<string, string>): Promise<string> {
  const own = join(folder, name)
  for (const [migration, text] of Object.entries(sql)) {
    await mkdir(join(own, migration), { recursive: true })
    await writeFile(join(own, migration, 'migration.sql'), text)
  }
  await writeFile(join(own, 'migration_lock.toml'), 'provider = "mysql"\n')
  return own
}

const recorded = (database: TestDatabase) =>
  database.query('SELECT * FROM _prisma_migrations ORDER BY started_at, migration_name')

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    assert.ok(error instanceof MigrationError, String(error))
    return error.message
  }
  assert.fail('the migration was not refused')
}

describe('the shipped migrations', () => {
  test('set up an empty database, and a second start applies nothing', async () => {
    await using database = await createTestDatabase()
    assert.deepEqual(await migrate(database.url, MIGRATIONS_DIR), shipped)
    assert.deepEqual(await migrate(database.url, MIGRATIONS_DIR), [])
    assert.deepEqual(await database.query('SELECT * FROM event_sequence'), [{ id: 1, head: 0, pruned: 0 }])
  })

  test('are recorded in Prisma’s table as its own command line records them', async () => {
    await using database = await createTestDatabase()
    const begin = Date.now()
    await migrate(database.url, MIGRATIONS_DIR)
    const rows = await recorded(database)
    assert.deepEqual(
      rows.map((row) => row.migration_name),
      shipped,
    )
    for (const row of rows) {
      const sql = await readFile(join(MIGRATIONS_DIR, String(row.migration_name), 'migration.sql'))
      assert.equal(row.checksum, createHash('sha256').update(sql).digest('hex'))
      assert.match(String(row.id), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      assert.deepEqual([row.logs, row.rolled_back_at, row.applied_steps_count], [null, null, 1])
      assert.ok(row.finished_at instanceof Date && row.started_at instanceof Date)
      assert.ok(row.finished_at >= row.started_at)
      assert.ok(Math.abs(row.finished_at.getTime() - begin) < 24 * 60 * 60 * 1_000)
    }
  })

  test('are applied once by several processes that start at the same moment', async () => {
    await using database = await createTestDatabase()
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(database.url, MIGRATIONS_DIR)))
    assert.deepEqual(results.flat(), shipped)
    assert.equal((await recorded(database)).length, shipped.length)
  })

  test('of two databases on one server can be applied at the same time', async () => {
    await using one = await createTestDatabase()
    await using two = await createTestDatabase()
    const both = await Promise.all([migrate(one.url, MIGRATIONS_DIR), migrate(two.url, MIGRATIONS_DIR)])
    assert.deepEqual(both, [shipped, shipped])
  })
})

test('a process that vanishes while it migrates keeps the lock for a minute at most', async () => {
  await using database = await createTestDatabase()
  const own = await migrations('idle', { '1_idle': 'CREATE TABLE idle AS SELECT @@wait_timeout AS s;' })
  await migrate(database.url, own)
  assert.deepEqual(await database.query('SELECT s FROM idle'), [{ s: 60 }])
})

describe('later migrations', () => {
  const one = { '1_one': 'CREATE TABLE t (a INT);\nINSERT INTO t VALUES (1);' }
  const two = { ...one, '2_two': 'ALTER TABLE t ADD b INT;' }

  test('are applied in the order of their names, after those already applied', async () => {
    await using database = await createTestDatabase()
    assert.deepEqual(await migrate(database.url, await migrations('grows', one)), ['1_one'])
    const more = await migrations('grows', { ...two, '10_ten': 'DROP TABLE IF EXISTS never;' })
    // Prisma sorts the names as text, not by number.
    assert.deepEqual(await migrate(database.url, more), ['10_ten', '2_two'])
    assert.deepEqual(await database.query('SELECT * FROM t'), [{ a: 1, b: null }])
  })

  test('leave a database alone that a newer OnAir has already migrated', async () => {
    await using database = await createTestDatabase()
    await migrate(database.url, await migrations('newer', two))
    assert.deepEqual(await migrate(database.url, await migrations('older', one)), [])
  })

  test('are refused when one was changed after it had been applied', async () => {
    await using database = await createTestDatabase()
    await migrate(database.url, await migrations('changed', one))
    const changed = await migrations('changed', { ...two, '1_one': `${one['1_one']} -- touched` })
    const message = await refusal(migrate(database.url, changed))
    assert.match(message, /1_one/)
    assert.equal((await recorded(database)).length, 1, 'and no later one is applied')
  })

  test('that fail are recorded as failed, and the next start refuses to continue', async () => {
    await using database = await createTestDatabase()
    const own = await migrations('fails', {
      '1_bad': 'CREATE TABLE half (a INT);\nCREATE TABEL rest (a INT);',
      '2_next': 'CREATE TABLE next (a INT);',
    })
    assert.match(await refusal(migrate(database.url, own)), /1_bad/)
    const [row, ...others] = await recorded(database)
    assert.deepEqual([row?.finished_at, row?.applied_steps_count, others], [null, 0, []])
    assert.match(String(row?.logs), /TABEL/)
    assert.match(await refusal(migrate(database.url, own)), /1_bad.*half/i)
    await database.query('DROP TABLE half')
    await database.query('DELETE FROM _prisma_migrations')
    await cp(join(folder, 'grows', '1_one'), join(own, '1_bad'), { recursive: true })
    assert.deepEqual(await migrate(database.url, own), ['1_bad', '2_next'])
  })

  test('that Prisma’s table marks as rolled back are applied again', async () => {
    await using database = await createTestDatabase()
    const own = await migrations('again', one)
    await migrate(database.url, own)
    await database.query('DROP TABLE t')
    await database.query('UPDATE _prisma_migrations SET rolled_back_at = NOW(3)')
    assert.deepEqual(await migrate(database.url, own), ['1_one'])
  })
})

test('a database that can’t be reached is an error at once', async () => {
  await assert.rejects(migrate(new Secret('mysql://root@localhost/x?socket=/nonexistent/s'), MIGRATIONS_DIR))
})
