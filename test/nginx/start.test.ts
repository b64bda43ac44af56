// nginx/start.sh: its settings, and how nginx starts, restarts and stops.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { until } from '../support/until.ts'
import { FakeControl } from './fake-control.ts'
import { Fixture, publish } from './fixture.ts'

const KEY = 'live_0123456789abcdefghijklmnopqrstuv'
const ID = 'k3v9x2m5q8w1z4t7r6p0'

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
  const inOrder = { code: 0, signal: null }
  assert.deepEqual(await other.nginx.stop(), [inOrder, inOrder])
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
