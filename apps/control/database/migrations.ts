// Applies pending migrations at start and records them in Prisma's own table, so that Prisma's command
// line agrees with the result. It does not need Prisma's engine (docs/decisions/0003-migrations.md).
import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import type { Secret } from '../domain/secret.ts'
import { mysql2Options } from './drivers.ts'

/** How long a start waits for another process that is migrating. */
const LOCK_SECONDS = 120
const CONNECT_TIMEOUT_MS = 5_000

/** Prisma's own table, column for column as its command line creates it. */
const MIGRATIONS_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at DATETIME(3),
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at DATETIME(3),
    started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0
  ) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`

const IS_THERE = "SHOW TABLES LIKE '\\_prisma\\_migrations'"

interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

/** A migration cannot be applied; the message tells the operator what to do. */
export class MigrationError extends Error {
  override name = 'MigrationError'
}

/** The connection is not as secure as DATABASE_URL demands. */
export class InsecureDatabaseError extends Error {
  override name = 'InsecureDatabaseError'

  constructor(reason: string, options: ErrorOptions) {
    super(
      `OnAir can't start: the connection to the database is refused: ${reason}\n` +
        'The parameters ssl-mode and ssl-ca of DATABASE_URL say how it is secured (see .env.example).',
      options,
    )
  }
}

/**
 * Brings the database up to date; several processes may call it at once.
 * @param folder prisma/migrations
 * @returns the names of the migrations that this call applied
 * @throws MigrationError when one fails now, failed earlier, or was changed after it had been applied; InsecureDatabaseError
 */
export async function migrate(databaseUrl: Secret, folder: string): Promise<string[]> {
  const migrations = await readMigrations(folder)
  const connection = await open(databaseUrl)
  try {
    await connection.query(SET_IDLE_LIMIT)
    return await underLock(connection, () => applyPending(connection, migrations))
  } finally {
    await connection.end()
  }
}

async function open(databaseUrl: Secret): Promise<Connection> {
  try {
    return await createConnection({
      ...mysql2Options(databaseUrl),
      charset: 'utf8mb4',
      multipleStatements: true,
      timezone: 'Z',
      connectTimeout: CONNECT_TIMEOUT_MS,
    })
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code?.startsWith('HANDSHAKE_') || code === 'AUTH_SWITCH_PLUGIN_ERROR')
      throw new InsecureDatabaseError(message, { cause: error })
    throw error
  }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

/**
 * The lock's name is free again this long after a process that held it has vanished. The limit is for
 * connections that are idle: a statement may take as long as it takes.
 */
const SET_IDLE_LIMIT = 'SET SESSION wait_timeout = 60'

/** The names of GET_LOCK are shared by the whole server, so this one contains the database's name. */
async function underLock<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  const name = "CONCAT('onair_migrate_', LEFT(SHA2(DATABASE(), 256), 32))"
  const [[row]] = await connection.query<RowDataPacket[]>(`SELECT GET_LOCK(${name}, ?) AS got`, [
    LOCK_SECONDS,
  ])
  if (row?.got !== 1) {
    throw new MigrationError(
      `Another process has been migrating this database for ${LOCK_SECONDS} s; try again.`,
    )
  }
  try {
    return await work()
  } finally {
    await connection.query(`DO RELEASE_LOCK(${name})`)
  }
}

async function applyPending(connection: Connection, migrations: readonly Migration[]): Promise<string[]> {
  // Whoever has no right to create tables may start when there is nothing to create.
  const [[table]] = await connection.query<RowDataPacket[]>(IS_THERE)
  if (table === undefined) await connection.query(MIGRATIONS_TABLE)
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  )
  const applied = new Map(rows.map((row) => [String(row.migration_name), row]))
  const pending: Migration[] = []
  for (const migration of migrations) {
    const row = applied.get(migration.name)
    if (row === undefined) pending.push(migration)
    else check(migration, row)
  }
  if (pending.length > 0) await requireRights(connection, pending)
  for (const migration of pending) await apply(connection, migration)
  return pending.map((migration) => migration.name)
}

/** Before anything is recorded as begun. @throws MigrationError */
async function requireRights(connection: Connection, [first]: readonly Migration[]): Promise<void> {
  try {
    await connection.query('CREATE TABLE _onair_may_migrate (id INT)')
    await connection.query('DROP TABLE _onair_may_migrate')
  } catch (error) {
    if ((error as { code?: string }).code !== 'ER_TABLEACCESS_DENIED_ERROR') throw error
    throw new MigrationError(
      `Migration ${first?.name} has to be applied, and this user of the database may not create tables: ` +
        'set MIGRATION_DATABASE_URL to one who may.',
      { cause: error },
    )
  }
}

function check(migration: Migration, row: RowDataPacket): void {
  if (row.finished_at === null) {
    throw new MigrationError(
      `Migration ${migration.name} failed halfway earlier. MySQL cannot roll back changes of tables: repair the tables by hand ` +
        'or restore a backup, then delete the migration’s row in _prisma_migrations.',
    )
  }
  if (row.checksum !== migration.checksum) {
    throw new MigrationError(
      `Migration ${migration.name} was changed after it had been applied to this database. ` +
        'Restore the file as it was and make the change in a new migration.',
    )
  }
}

async function apply(connection: Connection, migration: Migration): Promise<void> {
  const id = randomUUID()
  await connection.execute(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES (?, ?, ?, NOW(3))',
    [id, migration.checksum, migration.name],
  )
  try {
    await connection.query(migration.sql)
  } catch (error) {
    await connection.execute('UPDATE _prisma_migrations SET logs = ? WHERE id = ?', [String(error), id])
    throw new MigrationError(`Migration ${migration.name} failed: ${String(error)}`, { cause: error })
  }
  await connection.execute(
    'UPDATE _prisma_migrations SET finished_at = NOW(3), applied_steps_count = 1 WHERE id = ?',
    [id],
  )
}
