// TLS to the database, with real servers and with an impostor: both drivers encrypt, check whom they talk to
// before they send anything secret, and refuse to go on without.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Database } from '../../../apps/control/database/database.ts'
import { migrate } from '../../../apps/control/database/migrations.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import { makeCertificate, type TestCertificate } from '../../support/certificate.ts'
import { MIGRATIONS_DIR } from '../../support/database.ts'
import { startImpostor } from '../../support/database-impostor.ts'
import { startTlsMariadb, type TlsMariadb } from '../../support/tls-mariadb.ts'

const PASSWORD = 'hunter2hunter2'
const ACCOUNT = `CREATE DATABASE onair; CREATE USER app IDENTIFIED BY '${PASSWORD}'; GRANT ALL ON onair.* TO app`
const CIPHER = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"
const stack = new AsyncDisposableStack()
let folder: string
let right: TestCertificate
let wrong: TestCertificate
let withTls: TlsMariadb
let plain: TlsMariadb

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  right = makeCertificate(folder, 'right')
  wrong = makeCertificate(folder, 'wrong')
  withTls = stack.use(await startTlsMariadb(right))
  plain = stack.use(await startTlsMariadb(null))
  await withTls.query(ACCOUNT)
  await plain.query(ACCOUNT)
})
after(() => stack.disposeAsync())

const url = (port: number, parameters: string, host = 'localhost') =>
  new Secret(`mysql://app:${PASSWORD}@${host}:${port}/onair?${parameters}`)

/** The cipher that each driver's connection uses. */
async function ciphers(url: Secret): Promise<{ prisma: string; mysql2: string }> {
  await using database = new Database(url)
  const [prisma] = await database.run((client) => client.$queryRawUnsafe<{ Value: string }[]>(CIPHER), 10_000)
  const [mysql2] = await database.sql.rows<{ Value: string }>(CIPHER, [])
  return { prisma: prisma?.Value ?? '', mysql2: mysql2?.Value ?? '' }
}

/** Checks that both drivers and the migrations are refused, and that those on mysql2 say why. */
async function assertRefused(url: Secret, why: RegExp): Promise<void> {
  await using database = new Database(url)
  const [prisma, ...others] = await Promise.allSettled([
    // Its pool tries again until it gives up, and keeps the reason for itself.
    database.run((client) => client.$queryRaw`SELECT 1`, 10_000),
    database.sql.rows('SELECT 1', []),
    migrate(url, MIGRATIONS_DIR),
  ])
  assert.equal(prisma.status, 'rejected')
  for (const it of others)
    assert.match(it.status === 'rejected' ? String(it.reason.message) : 'accepted', why)
}

describe('a server with TLS', () => {
  test('is talked to encrypted when its certificate is that of the host, by name and by address', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      for (const parameters of [
        `ssl-ca=${right.certFile}`,
        `ssl-mode=VERIFY_IDENTITY&ssl-ca=${right.certFile}`,
        `ssl-mode=VERIFY_CA&ssl-ca=${right.certFile}`,
        `sslaccept=strict&sslcert=${right.certFile}`,
        'ssl-mode=REQUIRED',
        'sslaccept=accept_invalid_certs',
      ]) {
        const used = await ciphers(url(withTls.port, parameters, host))
        assert.match(used.prisma, /^TLS_/, `${host} ${parameters}`)
        assert.match(used.mysql2, /^TLS_/, `${host} ${parameters}`)
      }
    }
    const migrated = await migrate(url(withTls.port, `ssl-ca=${right.certFile}`), MIGRATIONS_DIR)
    assert.ok(migrated.length > 0)
  })

  test('is refused when another authority is trusted, or only those of Node', async () => {
    const parameters = [
      `ssl-ca=${wrong.certFile}`,
      `ssl-mode=VERIFY_CA&ssl-ca=${wrong.certFile}`,
      `ssl-mode=REQUIRED&ssl-ca=${wrong.certFile}`,
      'ssl=true',
      'sslaccept=strict',
    ]
    await Promise.all(
      parameters.map((it) => assertRefused(url(withTls.port, it), /self-signed|certificate/i)),
    )
  })

  test('is refused when its certificate is for another host, unless only the authority counts', async () => {
    const other = makeCertificate(folder, 'other', { names: 'DNS:db.example,IP:192.0.2.1' })
    await using elsewhere = await startTlsMariadb(other)
    await elsewhere.query(ACCOUNT)
    for (const host of ['localhost', '127.0.0.1']) {
      const asks = (mode: string) => url(elsewhere.port, `ssl-mode=${mode}&ssl-ca=${other.certFile}`, host)
      await assertRefused(asks('VERIFY_IDENTITY'), /altnames/i)
      assert.match((await ciphers(asks('VERIFY_CA'))).prisma, /^TLS_/)
    }
  })
})

test('a server without TLS is refused when TLS is asked for', async () => {
  assert.deepEqual(await ciphers(url(plain.port, '')), { prisma: '', mysql2: '' })
  const parameters = ['ssl=true', 'ssl-mode=REQUIRED', `ssl-ca=${right.certFile}`]
  await Promise.all(parameters.map((it) => assertRefused(url(plain.port, it), /secure connection/)))
})

describe('an impostor gets no password', () => {
  for (const version of ['5.5.5-10.11.6-MariaDB', '8.4.0']) {
    for (const plugin of ['mysql_clear_password', 'caching_sha2_password'] as const) {
      test(`with a certificate of their own, as a ${version} that asks with ${plugin}`, async () => {
        await using impostor = await startImpostor({ certificate: wrong, plugin, version })
        await assertRefused(url(impostor.port, `ssl-ca=${right.certFile}`), /certificate/i)
        assert.deepEqual(impostor.heard, [], 'nothing at all after the handshake')
      })
    }
  }

  test('by sending a key to encrypt it with, on a connection without TLS', async () => {
    const plugin = 'caching_sha2_password'
    await using impostor = await startImpostor({ certificate: null, plugin, version: '8.4.0' })
    // Not a loopback address, though this machine's.
    await assertRefused(url(impostor.port, '', '0.0.0.0'), /without TLS/)
    assert.ok(impostor.heard.length > 0, 'it was asked for the password')
    const requests = impostor.heard.filter((data) => data.length === 5)
    assert.deepEqual(requests, [], 'no request for a key')
  })
})
