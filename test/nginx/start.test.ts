// nginx/start.sh: its settings, and how nginx starts, restarts and stops.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readConfig } from '../../apps/control/config.ts'
import { until } from '../support/until.ts'
import { FakeControl } from './fake-control.ts'
import { Fixture, publish } from './fixture.ts'

const KEY = 'live_0123456789abcdefghijklmnopqrstuv'
const ID = 'k3v9x2m5q8w1z4t7r6p0'
const ROOT = join(import.meta.dirname, '../..')

let control: FakeControl
let fixture: Fixture

before(async () => {
  control = await FakeControl.start()
  control.ids.set(KEY, ID)
  fixture = await Fixture.start(control)
})

after(async () => {
  await fixture?.[Symbol.asyncDispose]()
  await control?.[Symbol.asyncDispose]()
})

test('each run of nginx, and each of its workers, has another X-OnAir-Nginx', async () => {
  const name = async () => String((await fixture.internal('/stat')).headers['x-onair-nginx'])
  const before = await name()
  assert.equal(await name(), before)
  process.kill(Number(before.split('-').at(-1)), 'SIGKILL')
  const afterWorker = await until('another worker', async () => {
    const now = await name().catch(() => before)
    return now !== before && now
  })
  // The worker outlives its master and holds the ports; the next start has to end it first.
  await fixture.nginx.stop('SIGKILL')
  await fixture.nginx.start()
  assert.notEqual((await name()).split('-')[1], afterWorker.split('-')[1])
})

test('CORS_ORIGINS limits the origins; a user other than root can run nginx; SIGTERM stops it in order', async () => {
  const uid = process.getuid?.() === 0 ? 65_534 : undefined
  await using other = await Fixture.start(control, {
    env: { CORS_ORIGINS: 'https://a.example, https://b.example' },
    uid,
  })
  for (const [origin, allowed] of [
    ['https://b.example', 'https://b.example'],
    ['https://evil.example', undefined],
  ] as const) {
    for (const path of ['/hls/zzz/index.m3u8', '/v1/die']) {
      const answer = await other.get(path, { origin })
      assert.equal(answer.headers['access-control-allow-origin'], allowed)
      assert.match(String(answer.headers.vary), /Origin/)
    }
  }
  await using _publisher = publish(other.rtmpUrl(KEY))
  await until('the playlist', () => existsSync(join(other.hlsDir, ID, 'index.m3u8')))
  assert.ok(!/\[(warn|emerg|alert|crit)\]/.test(other.nginx.log), other.nginx.log)
  assert.deepEqual(await other.nginx.stop(), { code: 0, signal: null })
})

test('nginx starts while control’s host name does not resolve yet', async () => {
  await using other = await Fixture.start(control, { env: { CONTROL_URL: 'http://control.invalid:3000' } })
  assert.equal((await other.get('/')).status, 200)
  assert.equal((await other.get('/v1/streams')).status, 503)
  assert.notEqual(await publish(other.rtmpUrl(KEY)).exited(), 0)
})

test('a wrong or missing setting stops the start and is named', async () => {
  for (const [name, value] of [
    ['HTTP_PORT', '80800'],
    ['CORS_ORIGINS', 'https://a.example" evil'],
    ['CONTROL_URL', 'https://control'],
    ['HLS_DIR', '/tmp/$x'],
    ['LISTEN_ADDRESS', 'everywhere'],
    ['HOOKS_PORT', ''],
    ['NGINX_RUN_DIR', join(tmpdir(), '[a]')],
  ] as const) {
    await assert.rejects(Fixture.start(control, { env: { [name]: value } }), new RegExp(`gave up: .*${name}`))
  }
})

test('the container sets every required setting, and its ports are the defaults in config.ts', () => {
  const container = { ...imageEnvironment(), ...composeEnvironment() }
  const { httpPort, rtmpPort, internalHttpPort, internalRtmpPort, apiPort, hooksPort } = readConfig({})
  assert.deepEqual(
    ['HTTP_PORT', 'RTMP_PORT', 'INTERNAL_HTTP_PORT', 'INTERNAL_RTMP_PORT', 'HOOKS_PORT', 'CONTROL_URL'].map(
      (name) => Number(container[name]?.split(':').at(-1)),
    ),
    [httpPort, rtmpPort, internalHttpPort, internalRtmpPort, hooksPort, apiPort],
  )
  const here = Object.fromEntries(
    ['NGINX_RUN_DIR', 'HLS_DIR', 'DASH_DIR', 'RECORDINGS_DIR'].map((name) => [
      name,
      join(fixture.folder, 'container', name),
    ]),
  )
  // The program `true` ends at once in nginx's place; the rest of this is what is not on this machine.
  const env = { ...container, ...here, PATH: process.env.PATH, NGINX: 'true', NGINX_USER: '' }
  const { status, stderr } = spawnSync(join(ROOT, 'nginx/start.sh'), {
    env: { ...env, CONTROL_URL: 'http://127.0.0.1:3000' },
    encoding: 'utf8',
  })
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
})

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
