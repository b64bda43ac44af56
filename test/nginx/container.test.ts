// The containers, as far as that can be tested without building them: nginx's settings there, and the files
// that the images copy.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '../../apps/control/config.ts'

const ROOT = join(import.meta.dirname, '../..')
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
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
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
