// A database of a test file's own on the run's server, removed afterwards.
import { randomBytes } from 'node:crypto'
import { createConnection, createPool } from 'mysql2/promise'
import { parseConnectionUrl } from '../../apps/control/database/connection-url.ts'
import { Secret } from '../../apps/control/domain/secret.ts'

export interface TestDatabase extends AsyncDisposable {
  readonly url: Secret
  /** Runs SQL of the test's own, on a connection of its own. */
  query(sql: string, values?: readonly (string | number | null)[]): Promise<Record<string, unknown>[]>
}

/**
 * @param server a server of the test's own; otherwise the run's
 * @throws when TEST_DATABASE_URL is not set: `npm test` sets it
 */
export async function createTestDatabase(server = process.env.TEST_DATABASE_URL): Promise<TestDatabase> {
  if (!server) throw new Error('TEST_DATABASE_URL is not set: run the tests with npm test')
  const name = `onair_test_${randomBytes(8).toString('hex')}`
  const url = new URL(server)
  url.pathname = `/${name}`
  const { database: _, host, port, socketPath, ...credentials } = parseConnectionUrl(new Secret(url.href))
  const settings = {
    ...credentials,
    ...(socketPath === undefined ? { host, port } : { socketPath }),
    timezone: 'Z',
  } as const
  const connection = await createConnection(settings)
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
  await connection.end()
  // A pool, which survives a server that is killed; of one, so that a test can hold a transaction open.
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
