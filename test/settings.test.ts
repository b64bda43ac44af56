// A setting is named in several places that no compiler compares: control's parser, .env.example, the README,
// docker-compose.yml and nginx's image. They name the same settings with the same defaults.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SECRET_SETTINGS } from '../apps/control/config.ts'
import { parseEnvironment } from '../apps/control/environment.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** docker compose reads them, control does not. */
const COMPOSE_ONLY = [
  ...['MYSQL_PASSWORD', 'MYSQL_PASSWORD_FILE', 'COMPOSE_FILE', 'TLS_FOLDER'],
  ...['MYSQL_IMAGE', 'NODE_IMAGE', 'DEBIAN_IMAGE'],
]
/** npm start reads it; containers have their user in their image. */
const STACK_ONLY = ['RUN_AS']
/** For nginx; control needs them only for the defaults of PUBLIC_URL and RTMP_URL, which compose sets itself. */
const NGINX_ONLY = [
  ...['HTTP_ADDRESS', 'RTMP_ADDRESS', 'TLS_CERT', 'TLS_KEY', 'ACME_WEBROOT', 'HSTS_MAX_AGE'],
  ...['API_RATE_LIMIT', 'MAX_READERS', 'MAX_READERS_PER_ADDRESS', 'MAX_CONNECTIONS_PER_ADDRESS'],
  ...['MAX_RTMP_CONNECTIONS', 'MAX_RTMP_CONNECTIONS_PER_ADDRESS', 'TRUSTED_PROXIES'],
]
/** Inside the containers these have their defaults; only the published ports can be changed. */
const FIXED_IN_CONTAINERS = [
  'HTTP_PORT',
  'RTMP_PORT',
  'API_PORT',
  'HOOKS_PORT',
  'INTERNAL_HTTP_PORT',
  'INTERNAL_RTMP_PORT',
  'HTTPS_PORT',
  'RTMPS_PORT',
  'HLS_DIR',
  'DASH_DIR',
  'DATA_DIR',
]

const defaults: Record<string, unknown> = parseEnvironment({}).settings ?? {}

/** Every setting that control's parser knows, also those without a default. */
function settings(): string[] {
  const [, shape = ''] =
    /const Environment = z\.object\(\{(.*?)^\}\)/ms.exec(read('apps/control/environment.ts')) ?? []
  return [...shape.matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(([, name = '']) => name)
}

/** The lines `#NAME=value` of .env.example. */
function examples(): Map<string, string> {
  const lines = read('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]+)=(.*)$/gm)
  return new Map([...lines].map(([, name = '', value = '']) => [name, value]))
}

/** What one service of docker-compose.yml sets in its environment. */
function composeEnvironment(service: string): Map<string, string> {
  const [, block = ''] =
    new RegExp(`\\n {2}${service}:\\n(.*?)\\n {0,2}\\w+:\\n`, 's').exec(read('docker-compose.yml')) ?? []
  const entries = block.matchAll(/^ {6}([A-Z][A-Z0-9_]+): (.*)$/gm)
  return new Map([...entries].map(([, name = '', value = '']) => [name, value]))
}

test('.env.example explains every setting, and no other', () => {
  assert.ok(settings().length > 30)
  for (const name of Object.keys(defaults)) assert.ok(settings().includes(name), name)
  assert.deepEqual([...examples().keys()].sort(), [...settings(), ...COMPOSE_ONLY].sort())
})

test('.env.example and the README name the file for each secret', () => {
  for (const name of SECRET_SETTINGS) {
    assert.ok(settings().includes(name), name)
    assert.match(read('.env.example'), new RegExp(`\\b${name}_FILE\\b`))
    assert.match(read('README.md'), new RegExp(`\`${name}_FILE[=\`]`))
  }
})

test('.env.example shows the defaults, and examples that are valid', () => {
  for (const [name, value] of examples()) {
    if (COMPOSE_ONLY.includes(name)) continue
    const { settings, problems } = parseEnvironment({ [name]: value })
    const own = problems?.filter((problem) => problem.startsWith(`${name}:`)) ?? []
    assert.deepEqual(own, [])
    if (name in defaults) assert.deepEqual((settings as typeof defaults)[name], defaults[name], name)
  }
})

test('the README shows the defaults', () => {
  const [, table = ''] = /## Settings\n(.*?)\n## /s.exec(read('README.md')) ?? []
  const rows = [...table.matchAll(/^\| (`[A-Z].*?) \| (.*?) \|/gm)]
  assert.ok(rows.length >= 8)
  for (const [, names = '', values = ''] of rows) {
    const shown = values.split(', ').map((value) => value.replaceAll('`', ''))
    for (const [index, name] of names.replaceAll('`', '').split(', ').entries()) {
      assert.ok(settings().includes(name), name)
      const value = defaults[name]
      // Lists, and settings that have no default or one that depends on others, are explained in words.
      if (typeof value === 'number' || typeof value === 'string') assert.equal(shown[index], `${value}`, name)
    }
  }
})

test('docker compose hands on every setting that is not fixed in its containers', () => {
  const given = [...composeEnvironment('control').keys()]
  // The database is compose's own, its one user migrates, and its password is made at the first start.
  const databases = ['DATABASE_URL', 'MIGRATION_DATABASE_URL']
  const elsewhere = [...FIXED_IN_CONTAINERS, ...NGINX_ONLY, ...STACK_ONLY, ...databases]
  const files = SECRET_SETTINGS.filter((name) => !databases.includes(name)).map((name) => `${name}_FILE`)
  const wanted = [...settings(), ...files].filter((name) => !elsewhere.includes(name))
  wanted.push('DATABASE_URL_FILE')
  assert.deepEqual(given.sort(), wanted.sort())
})

test('docker compose’s control asks its MySQL for TLS, without which it would not send the password', () => {
  // The service `passwords` writes the URL into a file.
  assert.equal(composeEnvironment('control').get('DATABASE_URL_FILE'), '/run/onair-secrets/database-url')
  assert.match(read('docker-compose.yml'), /mysql:3306\/onair\?ssl-mode=REQUIRED" \| put database-url 33/)
})

test('docker compose hands on each setting under its own name, and none that .env.example does not explain', () => {
  const known = new Set([...examples().keys(), ...SECRET_SETTINGS.map((name) => `${name}_FILE`)])
  for (const file of ['docker-compose.yml', 'docker-compose.tls.yml']) {
    for (const [, name = ''] of read(file).matchAll(/\$\{([A-Z0-9_]+)/g)) assert.ok(known.has(name), name)
  }
  for (const [name, value] of composeEnvironment('control')) {
    const passedOn = /^\$\{([A-Z0-9_]+):-/.exec(value)?.[1]
    if (passedOn !== undefined) assert.equal(passedOn, name)
  }
})

test('the ports and folders of nginx’s container are the defaults, which control in its container uses', () => {
  const image = [...read('nginx/Dockerfile').matchAll(/^ENV (.+)$/gm)].flatMap(([, line = '']) =>
    line.split(' ').map((entry) => entry.split('=') as [string, string]),
  )
  const nginx = new Map([...image, ...composeEnvironment('nginx')])
  // nginx needs no other: it reaches control's API through CONTROL_URL, and reads nothing in DATA_DIR.
  for (const name of FIXED_IN_CONTAINERS.filter((it) => it !== 'API_PORT' && it !== 'DATA_DIR')) {
    assert.equal(nginx.get(name)?.replaceAll('"', ''), `${defaults[name]}`, name)
  }
  const control = composeEnvironment('control')
  assert.equal(control.get('CONTROL_URL'), `http://control:${defaults.API_PORT}`)
  assert.equal(control.get('NGINX_URL'), `http://nginx:${defaults.INTERNAL_HTTP_PORT}`)
  assert.equal(control.get('RECORDINGS_DIR'), nginx.get('RECORDINGS_DIR'))
})

test('docker compose gives media no secret, no network, and the socket and folders that control has', () => {
  const [, block = ''] = /\n {2}media:\n(.*?)\n\n/s.exec(read('docker-compose.yml')) ?? []
  const media = composeEnvironment('media')
  const control = composeEnvironment('control')
  assert.deepEqual([...media.keys()].sort(), ['HLS_DIR', 'LOG_LEVEL', 'MEDIA_SOCKET', 'RECORDINGS_DIR'])
  assert.equal(media.get('HLS_DIR'), defaults.HLS_DIR)
  for (const name of ['MEDIA_SOCKET', 'RECORDINGS_DIR']) assert.equal(media.get(name), control.get(name))
  assert.doesNotMatch(block, /secrets:|ports:|networks:/)
  assert.match(block, /network_mode: none\n/)
  assert.match(block, /read_only: true\n/)
})
