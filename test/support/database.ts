// Databases for tests, on the server of the test run. Disposing of one drops it.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createConnection, createPool } from 'mysql2/promise'
import { mysql2Options } from '../../apps/control/database/drivers.ts'
import { migrate } from '../../apps/control/database/migrations.ts'
import { Secret } from '../../apps/control/domain/secret.ts'

export interface TestDatabase extends AsyncDisposable {
  readonly url: Secret
  /** Runs the test's SQL, on one connection that nothing else uses. */
  query(sql: string, values?: readonly (string | number | null)[]): Promise<Record<string, unknown>[]>
}

/** The shipped migrations. */
export const MIGRATIONS_DIR = join(import.meta.dirname, '../../prisma/migrations')

/** An empty database with OnAir's tables. The parameter is that of `createTestDatabase`. */
export async function createMigratedDatabase(server?: string): Promise<TestDatabase> {
  const database = await createTestDatabase(server)
  await migrate(database.url, MIGRATIONS_DIR)
  return database
}

/**
 * A database without tables, as control finds it at its first start.
 * @param server the URL of a server that the test has started; default: the server of the run
 * @throws when TEST_DATABASE_URL is not set: `npm test` sets it
 */
export async function createTestDatabase(server = process.env.TEST_DATABASE_URL): Promise<TestDatabase> {
  if (!server) throw new Error('TEST_DATABASE_URL is not set: run the tests with npm test')
  const name = `onair_test_${randomBytes(8).toString('hex')}`
  const url = new URL(server)
  url.pathname = `/${name}`
  const { database: _, ...options } = mysql2Options(new Secret(url.href))
  const settings = { ...options, timezone: 'Z' } as const
  const connection = await createConnection(settings)
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
  await connection.end()
  // A pool reconnects after the server was killed; a single connection lets a test keep a transaction open.
  const pool = createPool({ ...settings, database: name, connectionLimit: 1 })
  return {
    url: new Secret(url.href),
    async query(sql, values = []) {
      const [rows] = await pool.query(sql, [...values])
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
    },
    async [Symbol.asyncDispose]() {
      await pool.query(`DROP DATABASE ${name}`)
      await pool.end()
    },
  }
}
