// What nginx's public port serves and hides, apart from video, and how it passes requests on to control.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { networkInterfaces } from 'node:os'
import { after, before, test } from 'node:test'
import { until } from '../support/until.ts'
import { FakeControl } from './fake-control.ts'
import { Fixture, OLD, writeOldStream } from './fixture.ts'

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((it) => it.family === 'IPv6'))

let control: FakeControl
let fixture: Fixture

before(async () => {
  control = await FakeControl.start()
  fixture = await Fixture.start(control)
  await writeOldStream(fixture)
})

after(async () => {
  await fixture?.[Symbol.asyncDispose]()
  await control?.[Symbol.asyncDispose]()
})

test('the public port hides the internal addresses and every other file', async () => {
  const hidden = [
    [
      '/stat',
      '/stat.xsl',
      '/control/drop/publisher?app=live',
      '/hooks/nginx/on_publish',
      '/metrics',
      '/recordings/',
    ],
    [
      '/.env',
      '/assets/.env',
      '/assets/',
      '/assets/../.env',
      '/assets/%2e%2e/.env',
      '/watch/../.env',
      '/watch/.env',
    ],
    [
      '/hls/',
      `/hls/${OLD}/`,
      `/hls/${OLD}/index.m3u8.bak`,
      `/hls/${OLD}/.keep`,
      `/hls/${OLD}/../../web/.env`,
    ],
    [
      `/hls/${OLD}/..%2f..%2frun/public/public.conf`,
      '/hls/../run/public/public.conf',
      `/dash/${OLD}/raw.m4v`,
      '/dash/',
    ],
    ['/v1/../hooks/nginx/on_publish', '/v1/..%2fstat', '/v1/%2e%2e/metrics', '/v1', '/v2/streams', '/docsx'],
  ]
  control.hooks.length = 0
  for (const path of hidden.flat()) {
    const answer = await fixture.get(path)
    assert.equal(answer.status, 404, path)
    assert.equal(answer.headers.server, 'nginx', 'nginx’s version is not told')
  }
  assert.equal((await fixture.get('/hooks/nginx/on_publish', {}, 'POST', 'name=x')).status, 404)
  assert.equal(control.hooks.length, 0)
  assert.equal((await fixture.internal('/metrics')).status, 404)
  assert.equal((await fixture.internal('/stat.xsl')).headers['content-type']?.split(';')[0], 'text/xsl')
})

test('a web page cannot drop publishers through the browser of someone on this machine', async () => {
  const answer = await fixture.internal('/control/drop/publisher?app=live', {
    'sec-fetch-site': 'cross-site',
  })
  assert.equal(answer.status, 403)
})

test('the page is at its four addresses; files with a hash in their name are cached for a year', async () => {
  for (const path of ['/', `/watch/${OLD}`, '/studio', '/operator', '/?from=mail']) {
    const answer = await fixture.get(path)
    assert.equal(answer.status, 200, path)
    assert.match(answer.body.toString(), /OnAir/)
    assert.equal(answer.headers['cache-control'], 'no-cache')
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    assert.match(String(answer.headers['content-security-policy']), /media-src 'self' blob:/)
  }
  const asset = await fixture.get('/assets/app-Ab3_d6Gh.js')
  assert.match(String(asset.headers['content-type']), /^text\/javascript/)
  assert.match(String(asset.headers['cache-control']), /immutable/)
  assert.equal((await fixture.get('/assets/icon.svg')).headers['cache-control'], 'no-cache')
  assert.equal((await fixture.get('/assets/app-Ab3_d6GX.js')).headers['cache-control'], 'no-store')
})

test('the internal port answers under OnAir’s own host names only, so that DNS rebinding does not reach it', async () => {
  for (const path of ['/stat', '/control/drop/publisher?app=live', '/nothing']) {
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example:8090',
      'xlocalhost',
      'localhost.evil.example',
    ])
      assert.equal((await fixture.internal(path, { host })).status, 421, `${host} ${path}`)
  }
  for (const host of [
    'localhost',
    '127.0.0.1:8090',
    '[::1]:8090',
    '10.1.2.3',
    'LOCALHOST:8090',
    'a.localhost',
  ])
    assert.equal((await fixture.internal('/stat', { host })).status, 200, host)
})

test('IPv6 is served as well', { skip: !hasIpv6 }, async () => {
  assert.equal((await fixture.getIpv6('/')).status, 200)
})

test('control learns the client’s address from nginx, whatever headers the client sends', async () => {
  const answer = await fixture.get('/v1/streams?limit=1', {
    host: 'live.example:8080',
    'x-real-ip': '9.9.9.9',
    'x-forwarded-for': '9.9.9.9',
    forwarded: 'for=9.9.9.9',
    'x-onair-nginx': 'forged',
  })
  const seen = JSON.parse(answer.body.toString()) as { url: string; headers: Record<string, string> }
  assert.equal(seen.url, '/v1/streams?limit=1')
  assert.equal(seen.headers['x-forwarded-host'], 'live.example:8080')
  assert.match(seen.headers.host ?? '', /^127\.0\.0\.1:\d+$/, 'control’s own address')
  assert.equal(seen.headers['x-real-ip'], '127.0.0.1')
  assert.ok(!JSON.stringify(seen).includes('9.9.9.9'))
  assert.ok(!JSON.stringify(seen).includes('forged'))
  for (const path of ['/docs', '/docs/json', '/openapi.json', '/healthz', '/readyz']) {
    assert.equal((await fixture.get(path)).status, 200, path)
  }
})

test('a request body of 100 kB reaches control; one of 1 GB is refused by nginx with a problem', async () => {
  const answer = await fixture.get('/v1/streams', {}, 'POST', 'x'.repeat(100_000))
  assert.equal((JSON.parse(answer.body.toString()) as { length: number }).length, 100_000)
  const huge = await fixture.get('/v1/streams', { 'content-length': 2 ** 30, expect: '100-continue' }, 'POST')
  assert.equal(huge.status, 413)
  assert.equal(huge.headers['content-type'], 'application/problem+json')
  assert.match(huge.body.toString(), /"code":"body_too_large"/)
})

test('without control the API answers 503 with a problem and Retry-After', async () => {
  const answer = await fixture.get('/v1/die')
  const problem = JSON.parse(answer.body.toString()) as { status: number; code: string }
  assert.equal(answer.status, 503)
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  assert.equal(answer.headers['retry-after'], '2')
  assert.equal(answer.headers['access-control-allow-origin'], '*')
  assert.deepEqual([problem.status, problem.code], [503, 'control_unavailable'])
})

test('events reach the reader one by one, while the answer is still open', async () => {
  const url = `http://127.0.0.1:${fixture.nginx.env.HTTP_PORT}/v1/events`
  const req = get(url, { headers: { 'accept-encoding': 'gzip' } })
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  assert.equal(res.headers['content-encoding'], undefined)
  let seen = ''
  res.on('data', (piece: Buffer) => {
    seen += piece
  })
  await until('the first bytes', () => seen === 'retry: 1000\n\n')
  for (const reader of control.readers) reader.write('data: 1\n\n')
  await until('an event', () => seen.endsWith('data: 1\n\n'))
  req.destroy()
})
