// TLS_CERT and TLS_KEY: what is accepted, what is said about files that are not, and what happens when they are
// replaced while nginx uses a copy.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { readCertificate } from '../../../apps/stack/tls/certificate.ts'
import { putCertificate } from '../../../apps/stack/tls/certificate-folder.ts'
import { CertificateKeeper } from '../../../apps/stack/tls/certificate-keeper.ts'
import { ensureSelfSigned, selfSignedFiles } from '../../../apps/stack/tls/self-signed.ts'
import { makeCertificate, type TestCertificate } from '../../support/certificate.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
after(() => rmSync(folder, { recursive: true }))

const good = makeCertificate(folder, 'good', { days: 90 })
const other = makeCertificate(folder, 'other', { days: 90 })
const text = join(folder, 'text.pem')
writeFileSync(text, 'no certificate')

suite('files that cannot be used', () => {
  const encrypted = join(folder, 'encrypted.pem')
  execFileSync('openssl', ['pkey', '-in', good.keyFile, '-aes256', '-passout', 'pass:x', '-out', encrypted])
  const weak = makeCertificate(folder, 'weak', { key: ['-newkey', 'rsa:1024'] })
  for (const [what, certFile, keyFile, ...problems] of [
    [
      'missing files',
      join(folder, 'a'),
      join(folder, 'b'),
      /^TLS_CERT: there is no file /,
      /^TLS_KEY: there is no/,
    ],
    ['a folder', folder, good.keyFile, /^TLS_CERT: .* can't be read: EISDIR/],
    [
      'text',
      text,
      text,
      /^TLS_CERT: .* is not a certificate in PEM form/,
      /^TLS_KEY: .* is not a private key/,
    ],
    [
      'a key with a passphrase',
      good.certFile,
      encrypted,
      /^TLS_KEY: .* has a passphrase; .*openssl pkey -in/,
    ],
    [
      'another certificate’s key',
      good.certFile,
      other.keyFile,
      /^TLS_KEY: the key does not belong to the cert/,
    ],
    [
      'a key that TLS refuses as weak',
      weak.certFile,
      weak.keyFile,
      /^TLS_CERT: TLS can't use .*key too small/,
    ],
  ] as const) {
    test(`${what}: every problem is named with its setting`, () => {
      const { certificate, problems: found } = readCertificate({ certFile, keyFile })
      assert.equal(certificate, null)
      assert.equal(found?.length, problems.length, String(found))
      for (const [index, problem] of problems.entries()) assert.match(found?.[index] ?? '', problem)
    })
  }
})

test('certificate and key are copied for one user only, and the copy before them is removed', () => {
  const inUse = join(folder, 'in-use')
  putCertificate(inUse, good)
  putCertificate(inUse, other)
  assert.equal(readFileSync(join(inUse, 'current/cert.pem'), 'utf8'), other.cert)
  assert.equal(readFileSync(join(inUse, 'current/key.pem'), 'utf8'), other.key)
  assert.equal(readdirSync(inUse).length, 2, 'the link and one folder')
  for (const [path, mode] of [
    ['', 0o700],
    ['current', 0o700],
    ['current/cert.pem', 0o400],
    ['current/key.pem', 0o400],
  ] as const) {
    assert.equal(statSync(join(inUse, path)).mode & 0o777, mode, path)
  }
})

suite('a certificate that is replaced', () => {
  test('a matching pair is used, and the log says which', () => {
    using keeper = new Kept()
    keeper.write(other)
    keeper.look()
    assert.equal(keeper.inUse(), other.cert + other.key)
    assert.match(
      keeper.said.join('\n'),
      new RegExp(`^a new certificate is in use: serial number ${other.serial}, `),
    )
    keeper.look()
    assert.equal(keeper.said.length, 1)
  })

  test('a pair that does not match is not used; one line says why, and it is used once it is right', () => {
    using keeper = new Kept()
    keeper.write({ cert: other.cert, key: good.key })
    keeper.look()
    assert.deepEqual(keeper.said, [], 'the key may be about to follow')
    for (let looks = 0; looks < 3; looks++) keeper.look()
    assert.equal(keeper.inUse(), good.cert + good.key)
    assert.equal(keeper.said.length, 1)
    assert.match(
      keeper.said[0] ?? '',
      /not used: TLS_KEY: the key does not belong .* The old one stays in use/,
    )
    keeper.write(other)
    keeper.look()
    assert.equal(keeper.inUse(), other.cert + other.key)
  })

  test('an expired or broken pair is not used', () => {
    using keeper = new Kept()
    for (const [pair, reason] of [
      [{ cert: other.cert, key: '' }, /TLS_KEY: .* is not a private key/],
      [makeCertificate(folder, 'old', { days: 1 }), /TLS_CERT: it has expired on/],
    ] as const) {
      keeper.now = new Date(Date.now() + 2 * DAY_MS)
      keeper.write(pair)
      keeper.look()
      keeper.look()
      assert.equal(keeper.inUse(), good.cert + good.key)
      assert.match(keeper.said.at(-1) ?? '', reason)
    }
  })

  test('when a sixth of its time is left, the log asks once a day why nothing has renewed it', () => {
    using keeper = new Kept()
    for (const [day, lines] of [
      [60, 0],
      [74, 0],
      [77, 1],
      [77.5, 1],
      [78.5, 2],
      [95, 3],
    ] as const) {
      keeper.now = new Date(Date.now() + day * DAY_MS)
      keeper.look()
      assert.equal(keeper.said.length, lines, `day ${day}`)
    }
    assert.match(keeper.said[0] ?? '', /has to be renewed: it is valid until .* only/)
    assert.match(keeper.said[2] ?? '', /has to be renewed: it has expired on/)
  })
})

test('a self-signed certificate is made once, and again when it cannot be used any more', () => {
  const dataDir = join(folder, 'data')
  ensureSelfSigned(dataDir)
  const files = selfSignedFiles(dataDir)
  const first = readFileSync(files.certFile, 'utf8')
  assert.equal(statSync(files.keyFile).mode & 0o077, 0)
  ensureSelfSigned(dataDir)
  assert.equal(readFileSync(files.certFile, 'utf8'), first)
  writeFileSync(files.keyFile, other.key)
  ensureSelfSigned(dataDir)
  assert.notEqual(readFileSync(files.certFile, 'utf8'), first)
  assert.notEqual(readCertificate(files).certificate, null)
})

/** A keeper that uses `good`, with files and a folder of its own. */
class Kept implements Disposable {
  readonly said: string[] = []
  now = new Date()
  readonly #folder = mkdtempSync(join(folder, 'kept-'))
  readonly #files = { certFile: join(this.#folder, 'cert.pem'), keyFile: join(this.#folder, 'key.pem') }
  readonly #keeper: CertificateKeeper

  constructor() {
    this.write(good)
    const { certificate } = readCertificate(this.#files)
    assert.ok(certificate)
    this.#keeper = new CertificateKeeper({
      ...{ read: () => readCertificate(this.#files), certificate, folder: join(this.#folder, 'in-use') },
      say: (line) => this.said.push(line),
      now: () => this.now,
      lookEveryMs: 1_000_000,
    }).start()
  }

  write({ cert, key }: Pick<TestCertificate, 'cert' | 'key'>): void {
    writeFileSync(this.#files.certFile, cert)
    writeFileSync(this.#files.keyFile, key)
  }

  look(): void {
    this.#keeper.look()
  }

  /** What nginx would read. */
  inUse(): string {
    const current = join(this.#folder, 'in-use/current')
    return readFileSync(join(current, 'cert.pem'), 'utf8') + readFileSync(join(current, 'key.pem'), 'utf8')
  }

  [Symbol.dispose](): void {
    this.#keeper[Symbol.dispose]()
  }
}
