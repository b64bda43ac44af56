// The nginx container's entrypoint with a certificate, run without a container: what it refuses, who can read the
// copy, and a certificate that is replaced.
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { makeCertificate, shownSerials, type TestCertificate } from '../support/certificate.ts'
import { until } from '../support/until.ts'
import { FakeControl } from './fake-control.ts'
import { Fixture } from './fixture.ts'

const { uid, username } = userInfo()
/** In the container, root gives the certificate to another user. */
const NGINX_USER = uid === 0 ? 'www-data' : username

let folder: string
let tlsDir: string
let control: FakeControl
let fixture: Fixture
let [first, second, third]: TestCertificate[] = []

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'container-'))
  chmodSync(folder, 0o755)
  tlsDir = join(folder, 'in-use')
  ;[first, second, third] = ['first', 'second', 'third'].map((name) => makeCertificate(folder, name))
  put(first, first)
  control = await FakeControl.start()
  fixture = await Fixture.start(control, { script: 'container.sh', env: env() })
})

after(async () => {
  await fixture?.[Symbol.asyncDispose]()
  await control?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

function env(more: Record<string, string> = {}): Record<string, string> {
  const files = { TLS_CERT: join(folder, 'cert.pem'), TLS_KEY: join(folder, 'key.pem') }
  const container = { NGINX_USER, TLS_DIR: tlsDir, TLS_LOOK_EVERY: '0.2', PUBLIC_URL: 'https://live.example' }
  return { ...files, ...container, ...more }
}

function put(cert: TestCertificate | undefined, key: TestCertificate | undefined): void {
  writeFileSync(join(folder, 'cert.pem'), cert?.cert ?? '')
  writeFileSync(join(folder, 'key.pem'), key?.key ?? '', { mode: 0o600 })
}

async function serials(): Promise<string[]> {
  const { HTTPS_PORT = '', RTMPS_PORT = '' } = fixture.nginx.env
  return shownSerials([HTTPS_PORT, RTMPS_PORT])
}

test('nginx shows the certificate, of which only its worker’s user can read the copy', async () => {
  assert.deepEqual(await serials(), [first?.serial, first?.serial])
  for (const [path, mode] of [
    ['', 0o700],
    ['current', 0o700],
    ['current/key.pem', 0o400],
  ] as const) {
    const found = statSync(join(tlsDir, path))
    assert.equal(found.mode & 0o777, mode, path)
    assert.equal(found.uid === 0, NGINX_USER === 'root', path)
  }
})

test('a renewed certificate is used, and the old copy is removed', async () => {
  put(second, second)
  await until('the renewed certificate', async () => (await serials()).every((it) => it === second?.serial))
  const line = `a new certificate is in use: serial=${second?.serial} notAfter=`
  await until('the log line', () => fixture.nginx.log.includes(line))
  assert.equal(readdirSync(tlsDir).length, 2, 'the link and one folder')
})

test('a pair that does not match is not used; one line says why', async () => {
  put(third, second)
  await until('the line', () =>
    fixture.nginx.log.includes('the new certificate is not used: TLS_KEY: the key does'),
  )
  put(undefined, second)
  await until('the next line', () => fixture.nginx.log.includes('not used: TLS_CERT: '))
  assert.deepEqual(await serials(), [second?.serial, second?.serial])
  assert.equal(fixture.nginx.log.match(/is not used: TLS_KEY/g)?.length, 1)
  put(third, third)
  await until('the third certificate', async () => (await serials()).every((it) => it === third?.serial))
})

test('files that cannot be used stop the start and are named', async () => {
  put(third, second)
  const elsewhere = join(folder, 'other')
  for (const [more, reason] of [
    [{ TLS_KEY: '' }, /TLS_CERT and TLS_KEY must be set together/],
    [{ TLS_CERT: '/nowhere/cert.pem' }, /TLS_CERT: \/nowhere\/cert\.pem is missing or not/],
    [{ TLS_KEY: '/nowhere/key.pem' }, /TLS_KEY: \/nowhere\/key\.pem is missing, has/],
    [{}, /TLS_KEY: the key does not belong/],
  ] as const) {
    const start = Fixture.start(control, {
      script: 'container.sh',
      env: env({ ...more, TLS_DIR: elsewhere }),
    })
    await assert.rejects(start, reason)
  }
})
