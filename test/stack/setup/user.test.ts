// The set-up makes the system user that OnAir runs as, when root starts it and nobody has named another.
// Small scripts replace id, getent and useradd, because a test must not change the machine.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'

const SETUP = resolve(import.meta.dirname, '../../../apps/stack/setup')
const folder = mkdtempSync(join(tmpdir(), 'user-'))
after(() => rmSync(folder, { recursive: true }))

/** @returns what is printed, the call of useradd included */
function makeUser({ uid = 0, exists = false, setupFor = 'start', dotenv = '', useradd = 'exit 0' } = {}) {
  const program = (name: string, script: string) =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  program('id', `echo ${uid}`)
  program('getent', `exit ${exists ? 0 : 2}`)
  program('useradd', `echo useradd "$*"; ${useradd}`)
  writeFileSync(join(folder, '.env'), dotenv)
  const script = `
    setup_for=${setupFor}
    say() { echo "$*"; }
    fail() { printf '%s\\n' "$@"; exit 1; }
    . ${SETUP}/programs.sh
    . ${SETUP}/user.sh
    make_user`
  const env = { PATH: `${folder}:${process.env.PATH}` }
  const { status, stdout, stderr } = spawnSync('sh', ['-euc', script], { cwd: folder, env, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

test('root’s first start makes the system user onair, and says so', () => {
  const { status, output } = makeUser()
  assert.equal(status, 0, output)
  assert.match(output, /making the system user onair/)
  assert.match(output, /useradd --system .*nologin onair/)
})

test('no user is made for anybody else, twice, for the demo, or when RUN_AS names one', () => {
  for (const options of [
    { uid: 1000 },
    { exists: true },
    { setupFor: 'demo' },
    { dotenv: 'RUN_AS=www-data' },
  ]) {
    assert.deepEqual(makeUser(options), { status: 0, output: '' })
  }
})

test('when the user cannot be made, the message says what else to do', () => {
  const { status, output } = makeUser({ useradd: 'exit 1' })
  assert.equal(status, 1)
  assert.match(output, /onair could not be made .*\n.*RUN_AS=<user> npm start/)
})
