// The embedded MariaDB: keeps its data, restarts when killed, is reachable by its socket only.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { mysql2Options } from '../../../apps/control/database/drivers.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import { EmbeddedMariadb } from '../../../apps/stack/mariadb/embedded-mariadb.ts'
import { processesOf } from '../../support/leftovers.ts'
import { until } from '../../support/until.ts'

const ACCOUNT = { name: 'onair', password: 'a1b2c3' }

function temporaryFolder(name = ''): Disposable & { path: string } {
  const base = mkdtempSync(join(tmpdir(), 'db-'))
  const path = join(base, name)
  mkdirSync(path, { recursive: true })
  return { path, [Symbol.dispose]: () => rmSync(base, { recursive: true, force: true }) }
}

function start(folder: string): Promise<EmbeddedMariadb> {
  return EmbeddedMariadb.start({ folder, env: process.env, onLine: () => undefined, account: ACCOUNT })
}

async function query(mariadb: EmbeddedMariadb, sql: string): Promise<unknown> {
  return await queryAs(mariadb.accountUrl(ACCOUNT), sql)
}

async function queryAs(url: string, sql: string): Promise<unknown> {
  const connection = await createConnection(mysql2Options(new Secret(url)))
  try {
    return (await connection.query(sql))[0]
  } finally {
    await connection.end()
  }
}

suite('the embedded MariaDB', { concurrency: 2 }, () => {
  test('restarts after kill -9 with everything that was committed', async () => {
    using folder = temporaryFolder()
    await using mariadb = await start(folder.path)
    await query(mariadb, 'CREATE TABLE kept (text VARCHAR(20))')
    await query(mariadb, "INSERT INTO kept VALUES ('übrig 📺')")
    const killed = Number(mariadb.pid)
    process.kill(killed, 'SIGKILL')
    const rows = await until(
      'an answer',
      () => mariadb.pid !== killed && query(mariadb, 'SELECT text FROM kept').catch(() => false),
    )
    assert.deepEqual(rows, [{ text: 'übrig 📺' }])
  })

  test('keeps its data from one start to the next', async () => {
    using folder = temporaryFolder()
    {
      await using first = await start(folder.path)
      await query(first, 'CREATE TABLE kept (id INT)')
    }
    await using second = await start(folder.path)
    assert.deepEqual(await query(second, 'SELECT * FROM kept'), [])
  })

  test('has a user with rights in its own database only', async () => {
    using folder = temporaryFolder()
    await using mariadb = await start(folder.path)
    await queryAs(mariadb.url(), 'CREATE DATABASE other')
    await queryAs(mariadb.url('other'), 'CREATE TABLE t (id INT)')
    await query(mariadb, 'CREATE TABLE t (id INT)')
    for (const sql of [
      'SELECT * FROM other.t',
      'SELECT * FROM mysql.global_priv',
      'CREATE DATABASE more',
      'CREATE USER more',
      "SET GLOBAL sql_mode = ''",
      "SELECT LOAD_FILE('/etc/passwd') INTO OUTFILE '/tmp/onair-test'",
      'SHUTDOWN',
    ])
      await assert.rejects(query(mariadb, sql), /denied/, sql)
    await assert.rejects(queryAs(mariadb.accountUrl({ name: 'onair', password: 'x' }), 'SELECT 1'), /denied/)
  })

  test('lets nobody in as root without the password of this start, and upgrades a folder of an earlier version', async () => {
    using folder = temporaryFolder()
    {
      await using earlier = await start(folder.path)
      await query(earlier, 'CREATE TABLE kept (id INT)')
      // As it was: root without a password, for each name of the machine, and no other user.
      await queryAs(earlier.url(), 'CREATE USER root@machine')
      await queryAs(earlier.url(), 'DROP USER onair@localhost')
      await queryAs(earlier.url(), "ALTER USER root@localhost IDENTIFIED BY ''")
    }
    await using mariadb = await start(folder.path)
    assert.deepEqual(await query(mariadb, 'SELECT * FROM kept'), [])
    assert.deepEqual(await queryAs(mariadb.url(), "SELECT Host FROM mysql.user WHERE User = 'root'"), [
      { Host: 'localhost' },
    ])
    const withoutPassword = mariadb.url().replace(/root:\w+@/, 'root@')
    assert.notEqual(withoutPassword, mariadb.url())
    await assert.rejects(queryAs(withoutPassword, 'SELECT 1'), /denied/i)
  })

  test('initialises its data folder again when the first start was interrupted', async () => {
    using folder = temporaryFolder()
    const cut = new AbortController()
    setImmediate(() => cut.abort())
    const options = { folder: folder.path, env: process.env, onLine: () => undefined }
    await assert.rejects(EmbeddedMariadb.start({ ...options, signal: cut.signal }), { name: 'AbortError' })
    assert.ok(
      !existsSync(join(folder.path, 'mysql')),
      'a folder that is not complete does not have the final name',
    )
    const half = join(folder.path, 'mysql.new-1')
    mkdirSync(half, { recursive: true })
    writeFileSync(join(half, 'ibdata1'), 'half')
    await using mariadb = await start(folder.path)
    await query(mariadb, 'SELECT 1')
    assert.ok(!existsSync(half))
  })

  test('works in a folder whose path is too long for a socket, and removes the socket’s folder elsewhere', async () => {
    using folder = temporaryFolder('a-very-long-name-'.repeat(8))
    const mariadb = await start(folder.path)
    const socket = String(new URL(mariadb.url()).searchParams.get('socket'))
    assert.ok(Buffer.byteLength(socket) <= 107)
    await query(mariadb, 'SELECT 1')
    await mariadb.stop()
    assert.ok(!existsSync(join(socket, '..')))
  })

  test('listens on no port', async () => {
    using folder = temporaryFolder()
    await using mariadb = await start(folder.path)
    const [{ port, networking }] = (await query(
      mariadb,
      'SELECT @@port AS port, @@skip_networking AS networking',
    )) as [{ port: number; networking: number }]
    assert.deepEqual({ port, networking }, { port: 0, networking: 1 })
    const refused = await new Promise((resolve) =>
      connectTcp(3306, '127.0.0.1')
        .on('error', () => resolve(true))
        .on('connect', () => resolve(false)),
    )
    assert.equal(refused, true)
  })

  test('says why it cannot start, and leaves no process', async () => {
    using folder = temporaryFolder()
    mkdirSync(join(folder.path, 'mysql'))
    await assert.rejects(start(folder.path), /MariaDB does not start:\n(.|\n)*ERROR/)
    assert.deepEqual(processesOf(folder.path), [])
  })
})
