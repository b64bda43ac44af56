// docker-compose.yml as far as it can be tested without containers: no service can do more than it needs, nginx
// cannot reach the database, and no password is known before the first start.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseConnectionUrl } from '../apps/control/database/connection-url.ts'
import { Secret } from '../apps/control/domain/secret.ts'

const COMPOSE = readFileSync(join(import.meta.dirname, '../docker-compose.yml'), 'utf8')

/** Each service's lines. */
function services(): Map<string, string> {
  const [, all = ''] = /^services:\n(.*?)^[a-z]/ms.exec(COMPOSE) ?? []
  return new Map(
    [...all.matchAll(/^ {2}(\w+):\n((?: {3,}.*\n|\n| {2}#.*\n)*)/gm)].map(([, name = '', body = '']) => [
      name,
      body,
    ]),
  )
}

test('every service has a read-only root, no capabilities, and limits', () => {
  const all = services()
  for (const name of ['nginx', 'control', 'media', 'mysql', 'passwords']) assert.ok(all.has(name), name)
  for (const [name, body] of all) {
    for (const line of ['read_only: true', 'no-new-privileges:true', 'cap_drop:\n      - ALL\n']) {
      assert.ok(body.includes(line), `${name}: ${line}`)
    }
    assert.match(body, /^ {4}mem_limit: \d+[mg]$/m, name)
    assert.match(body, /^ {4}pids_limit: \d+$/m, name)
  }
})

test('nginx cannot reach the database, and the database reaches nothing outside', () => {
  const networks = (service: string) =>
    [
      ...(/^ {4}networks:\n((?: {6}- .*\n)+)/m
        .exec(services().get(service) ?? '')?.[1]
        ?.matchAll(/- (\w+)/g) ?? []),
    ].map(([, name]) => name)
  assert.deepEqual(networks('mysql'), ['database'])
  assert.ok(networks('nginx').length > 0 && !networks('nginx').includes('database'))
  assert.match(COMPOSE, /^ {2}database:\n {4}internal: true$/m)
})

test('no password is in the compose file', () => {
  assert.doesNotMatch(COMPOSE, /PASSWORD: (?!\$\{MYSQL_PASSWORD:-\}$)./m)
})

const skip = process.getuid?.() !== 0 && 'only root can give a file to another user'
test('the passwords are random, stay the same, and follow .env or a file', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'passwords-'))
  const volume = join(folder, 'volume')
  const file = join(folder, 'given')
  mkdirSync(volume)
  const make = (inEnv: string, inFile = '') => {
    writeFileSync(file, inFile)
    const [, block = ''] =
      /^ {4}command:\n {6}- \|\n((?: {8}.*\n)+)/m.exec(services().get('passwords') ?? '') ?? []
    const script = block
      .replaceAll('$$', '$')
      .replaceAll('/run/secrets/mysql-password', file)
      .replace('/passwords', volume)
    const env = { PATH: process.env.PATH, MYSQL_PASSWORD: inEnv }
    const { status, stdout, stderr } = spawnSync('bash', ['-euc', script], { env, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    const read = (name: string) => readFileSync(join(volume, name), 'utf8')
    const url = parseConnectionUrl(new Secret(read('database-url')))
    assert.equal(url.password, read('mysql-password'), 'both sides have the same password')
    return { said: stdout, password: read('mysql-password'), root: read('mysql-root-password') }
  }
  const first = make('')
  assert.match(first.said, /made a random password/)
  assert.match(first.password, /^[0-9a-f]{48}$/)
  assert.notEqual(first.root, first.password)
  assert.deepEqual(make(''), { ...first, said: '' })
  assert.equal(make('from .env: p@ss/w%41rd').password, 'from .env: p@ss/w%41rd')
  assert.equal(make('from .env', 'from a file').password, 'from a file')
  assert.equal(make('').password, 'from a file')
  const owners = readdirSync(volume).map((name) => {
    const { uid, mode } = statSync(join(volume, name))
    return [name, uid, mode & 0o777]
  })
  assert.deepEqual(owners, [
    ['database-url', 33, 0o400],
    ['mysql-password', 999, 0o400],
    ['mysql-root-password', 999, 0o400],
    ['password', 0, 0o400],
    ['root-password', 0, 0o400],
  ])
  rmSync(folder, { recursive: true })
})
