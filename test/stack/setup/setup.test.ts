// The set-up: whether npm packages are current, and how programs get installed. Small scripts replace apt-get
// and sudo, and the policy file is in the test's folder, because a test must not install anything.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { until } from '../../support/until.ts'

const SETUP = resolve(import.meta.dirname, '../../../apps/stack/setup')

class Machine implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'machine-'))
  readonly policy = join(this.folder, 'policy-rc.d')

  constructor() {
    // This sudo never asks. This apt-get records whether services were forbidden, and "installs" a file.
    this.program('sudo', '[ "$1" = -n ] && shift; exec "$@"')
    this.program('apt-cache', 'exit 0')
    this.program('apt-get', this.apt('touch installed'))
  }

  program(name: string, script: string): void {
    mkdirSync(join(this.folder, 'bin'), { recursive: true })
    writeFileSync(join(this.folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }

  apt(onInstall: string): string {
    return `echo "$*" >>calls
case " $* " in *' install '*) [ -x policy-rc.d ] && ./policy-rc.d >/dev/null; echo $? >policy; ${onInstall} ;; esac`
  }

  /** Runs programs.sh as setup.sh does, with nginx missing until apt-get has "installed" it. */
  spawn(before = '') {
    const script = `
      setup_for=start
      say() { echo "$*"; }
      fail() { printf '%s\\n' "$@"; exit 1; }
      trap 'exit 143' TERM
      . ${SETUP}/programs.sh
      policy=./policy-rc.d
      missing_programs() { [ -e installed ] || echo 'nginx: receives the video'; }
      ${before}
      install_programs`
    const env = { ...process.env, PATH: `${join(this.folder, 'bin')}:${process.env.PATH}` }
    return spawn('sh', ['-euc', script], { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  }

  async setUp(before = ''): Promise<{ code: number; output: string }> {
    const child = this.spawn(before)
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    return { code, output }
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8')
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

suite('installing programs', { concurrency: 2 }, () => {
  test('says what is missing and why, installs it, and lets no service start meanwhile', async () => {
    using machine = new Machine()
    const { code, output } = await machine.setUp()
    assert.equal(code, 0, output)
    assert.match(output, /missing: nginx: receives the video\n/)
    assert.match(machine.read('calls'), /update\n.*install --no-install-recommends --no-remove -y nginx\n/)
    assert.equal(machine.read('policy').trim(), '101', 'services are forbidden')
    assert.ok(!existsSync(machine.policy), 'and allowed again')
  })

  test('a setting counts from the environment and from .env; openssl is needed for a self-signed certificate', async () => {
    for (const [before, dotEnv, found] of [
      ['', '', ''],
      ['DATABASE_URL=', '#DATABASE_URL=mysql://a\nDATABASE_URL=\nMY_DATABASE_URL=mysql://a', ''],
      ['DATABASE_URL=mysql://a', '', 'database'],
      ['', 'A=1\nDATABASE_URL=mysql://a\n', 'database'],
      ['', "export DATABASE_URL='mysql://a'", 'database'],
      ['with_tls=self-signed', '', 'openssl'],
      ['setup_for=test TEST_DATABASE_URL=', '', 'openssl'],
    ] as const) {
      using machine = new Machine()
      writeFileSync(join(machine.folder, '.env'), dotEnv)
      const database = '! database_is_elsewhere || echo found: database'
      const openssl = '! needs_openssl || echo found: openssl; touch installed'
      const { output } = await machine.setUp(`${before}\n${database}\n${openssl}`)
      const said = [...output.matchAll(/^found: (.*)$/gm)].map(([, what]) => what)
      assert.equal(said.join(' '), found, `${before} ${dotEnv}`)
    }
  })

  test('does not change a policy file that exists already', async () => {
    using machine = new Machine()
    writeFileSync(machine.policy, '#!/bin/sh\nexit 104\n', { mode: 0o755 })
    assert.equal((await machine.setUp()).code, 0)
    assert.equal(machine.read('policy').trim(), '104')
    assert.equal(readFileSync(machine.policy, 'utf8'), '#!/bin/sh\nexit 104\n')
  })

  test('removes the policy file that a killed set-up has left', async () => {
    using machine = new Machine()
    machine.program('apt-get', machine.apt('kill -9 $PPID'))
    await machine.setUp('find_root() { as_root=; }; apt_get() { apt-get "$@"; }')
    assert.ok(existsSync(machine.policy), 'the killed set-up has left it')
    machine.program('apt-get', machine.apt('touch installed'))
    assert.equal((await machine.setUp()).code, 0)
    assert.ok(!existsSync(machine.policy))
  })

  test('names the packages and the containers when apt-get fails, and cleans up', async () => {
    using machine = new Machine()
    machine.program('apt-get', machine.apt('echo "E: no such package" >&2; exit 100'))
    const { code, output } = await machine.setUp('exec 2>&1')
    assert.equal(code, 1)
    assert.match(output, /E: no such package/)
    assert.match(output, /Install these packages .*: nginx\n.*docker compose up/)
    assert.ok(!existsSync(machine.policy))
  })

  test('names the packages and the containers where there is no apt-get or no root', async () => {
    using machine = new Machine()
    for (const lacking of ['apt-get', 'sudo']) {
      const lacks = `command() { [ "$2" != ${lacking} ]; }; id() { echo 1000; }`
      const { code, output } = await machine.setUp(lacks)
      assert.equal(code, 1)
      assert.match(output, lacking === 'sudo' ? /needs root/ : /no apt-get/)
      assert.match(output, /Install these packages .*: nginx\n.*docker compose up/)
    }
  })

  test('lets apt-get finish and cleans up after SIGTERM', async () => {
    using machine = new Machine()
    machine.program('apt-get', machine.apt('touch begun; sleep 1; touch installed'))
    const child = machine.spawn()
    child.stdout.resume()
    await until('apt-get to begin', () => existsSync(join(machine.folder, 'begun')))
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    assert.equal(code, 143)
    assert.ok(existsSync(join(machine.folder, 'installed')))
    assert.ok(!existsSync(machine.policy))
  })

  test('finds a package whose name contains the version', async () => {
    using machine = new Machine()
    machine.program('apt-cache', '[ "$1" = show ] && exit 100; printf "nginx-10.5 - a\\nnginx-10.11 - b\\n"')
    assert.equal((await machine.setUp()).code, 0)
    assert.match(machine.read('calls'), /-y nginx-10\.11\n/)
  })
})

suite('npm packages are current', () => {
  async function isCurrent(wanted: object, installed: object | string | undefined): Promise<boolean> {
    const folder = mkdtempSync(join(tmpdir(), 'packages-'))
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: wanted }))
    mkdirSync(join(folder, 'node_modules'))
    if (installed !== undefined) {
      const content = typeof installed === 'string' ? installed : JSON.stringify({ packages: installed })
      writeFileSync(join(folder, 'node_modules/.package-lock.json'), content)
    }
    const child = spawn(process.execPath, [join(SETUP, 'packages-current.cjs')], { cwd: folder })
    const [code] = await once(child, 'exit')
    rmSync(folder, { recursive: true })
    return code === 0
  }
  const zod = { version: '4.6.7', integrity: 'sha512-a' }
  const other = { version: '1.0.0', integrity: 'sha512-b', optional: true }
  const wanted = { '': { name: 'onair' }, 'node_modules/zod': zod, 'node_modules/other-platform': other }

  test('when everything in the lock file is installed except packages for other platforms', async () => {
    assert.ok(await isCurrent(wanted, { 'node_modules/zod': zod }))
  })

  test('not when a package is missing or has another version or content, or npm was interrupted', async () => {
    assert.ok(!(await isCurrent(wanted, {})))
    assert.ok(!(await isCurrent(wanted, { 'node_modules/zod': { ...zod, version: '4.6.6' } })))
    assert.ok(!(await isCurrent(wanted, { 'node_modules/zod': { ...zod, integrity: 'sha512-c' } })))
    assert.ok(!(await isCurrent(wanted, undefined)))
    assert.ok(!(await isCurrent(wanted, '{"packages"')))
  })
})
