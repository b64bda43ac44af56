// The containers, as far as that can be tested without building them: nginx's settings there, and the files
// that the images copy.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { readConfig } from '../../apps/control/config.ts'
import { readProcess } from '../../apps/stack/supervision/process-group.ts'
import { until } from '../support/until.ts'
import { FakeControl } from './fake-control.ts'
import { Fixture } from './fixture.ts'

const ROOT = join(import.meta.dirname, '../..')
/** started_well in container.sh, and a second for its rounding. */
const STARTED_WELL_MS = 6_000
const PORTS = [
  ...['HTTP_PORT', 'RTMP_PORT', 'HTTPS_PORT', 'RTMPS_PORT'],
  ...['INTERNAL_HTTP_PORT', 'INTERNAL_RTMP_PORT', 'HOOKS_PORT'],
]

test('the container sets every required setting, and its ports are the defaults in config.ts', () => {
  const container = { ...imageEnvironment(), ...composeEnvironment() }
  const { httpPort, rtmpPort, httpsPort, rtmpsPort, ...internal } = readConfig({})
  const { internalHttpPort, internalRtmpPort, apiPort, hooksPort } = internal
  assert.deepEqual(
    [...PORTS, 'CONTROL_URL'].map((name) => Number(container[name]?.split(':').at(-1))),
    [httpPort, rtmpPort, httpsPort, rtmpsPort, internalHttpPort, internalRtmpPort, hooksPort, apiPort],
  )
  using folders = temporaryFolder()
  const here = Object.fromEntries(
    ['NGINX_RUN_DIR', 'HLS_DIR', 'DASH_DIR', 'RECORDINGS_DIR', 'ACME_WEBROOT'].map((name) => [
      name,
      join(folders.path, name),
    ]),
  )
  // The program `true` ends at once in nginx's place; the rest of this is what is not on this machine.
  const env = { ...container, ...here, PATH: process.env.PATH, NGINX: 'true', NGINX_USER: '' }
  const { status, stderr } = spawnSync(join(ROOT, 'nginx/container.sh'), {
    env: { ...env, CONTROL_URL: 'http://127.0.0.1:3000' },
    encoding: 'utf8',
  })
  assert.equal(status, 0)
  assert.match(
    stderr,
    /^nginx\/container\.sh: the \w+ nginx ended soon after its start \(0\)\n(Terminated\n)*$/,
  )
})

test('either nginx that dies is started again while the other goes on; SIGTERM ends both', async () => {
  await using control = await FakeControl.start()
  await using fixture = await Fixture.start(control, {
    script: 'container.sh',
    env: { NGINX_USER: userInfo().username },
  })
  const master = (role: string) =>
    Number(readFileSync(join(fixture.folder, `run/${role}/nginx.pid`), 'utf8').trim())
  const masters = () => ['ingest', 'public'].map(master)
  let before = masters()
  // One that dies sooner ends the container.
  await delay(STARTED_WELL_MS)
  for (const [index, role] of ['ingest', 'public'].entries()) {
    process.kill(master(role), 'SIGKILL')
    await until(`the ${role} nginx`, () => fixture.nginx.log.includes(`the ${role} nginx ended (137); start`))
    await until('another master', async () => {
      const now = await Promise.resolve()
        .then(masters)
        .catch(() => before)
      return now[index] !== before[index]
    })
    const after = masters()
    assert.equal(after[1 - index], before[1 - index], 'the other goes on')
    before = after
    await until('an answer', () =>
      Promise.all([fixture.get('/'), fixture.stat()]).then(
        () => true,
        () => false,
      ),
    )
  }
  const last = masters()
  const [ending] = await fixture.nginx.stop()
  assert.deepEqual(ending, { code: 0, signal: null })
  for (const pid of last) assert.equal(readProcess(pid), undefined)
})

test('the images copy only what exists, and the page’s build gets what the page imports from control', () => {
  const copied = ['nginx/Dockerfile', 'apps/control/Dockerfile'].flatMap((file) => copiedPaths(file))
  assert.ok(copied.length > 10, `${copied.length} paths`)
  const missing = copied.filter((path) => globSync(path, { cwd: ROOT }).length === 0)
  assert.deepEqual(missing, [])
  const sources = globSync('apps/web/src/**/*.{ts,tsx}', { cwd: ROOT })
  const imported = sources.flatMap((file) => [
    ...readFileSync(join(ROOT, file), 'utf8').matchAll(/^import (?!type )[^'"]*'(?:\.\.\/)+control\/(.+)'/gm),
  ])
  assert.ok(imported.length > 0)
  const page = copiedPaths('nginx/Dockerfile')
  const notCopied = imported.map(([, path]) => `apps/control/${path}`).filter((path) => !page.includes(path))
  assert.deepEqual(notCopied, [])
})

/** What a Dockerfile copies from the repository, not from another stage. */
function copiedPaths(dockerfile: string): string[] {
  const lines = readFileSync(join(ROOT, dockerfile), 'utf8').matchAll(/^COPY (?!--from)(.+) \S+$/gm)
  return [...lines].flatMap(([, paths = '']) => paths.split(' '))
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'container-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** The variables that nginx's image sets. */
function imageEnvironment(): Record<string, string> {
  const lines = readFileSync(join(ROOT, 'nginx/Dockerfile'), 'utf8').matchAll(/^ENV (.+)$/gm)
  return Object.fromEntries([...lines].flatMap(([, line = '']) => line.split(' ').map((it) => it.split('='))))
}

/** What docker-compose.yml adds for the nginx service when .env is empty. */
function composeEnvironment(): Record<string, string> {
  const compose = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')
  const [, service = ''] = /\n {2}nginx:\n(.*?)\n {2}\w+:\n/s.exec(compose) ?? []
  const entries = service.matchAll(/^ {6}([A-Z_]+): "?(?:\$\{[A-Z_]+:-)?(.*?)\}?"?$/gm)
  return Object.fromEntries([...entries].map(([, name, value]) => [name, value]))
}
