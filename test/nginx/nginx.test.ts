// What nginx promises as nginx/start.sh starts it: what it serves and hides, what it tells control, and
// how it starts and stops. The real nginx with ffmpeg; only control is a stand-in.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { access, mkdir, readdir, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Answer, eventually, Nginx, StandIn } from './rig.ts'

const KEY = 'live_0123456789abcdefghijklmnopqrstuv'
const ID = 'k3v9x2m5q8w1z4t7r6p0'
const OLD = 'a0a0a0a0a0a0a0a0a0a0'
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((it) => it.family === 'IPv6'))

let control: StandIn
let nginx: Nginx

before(async () => {
  control = await StandIn.create()
  control.ids.set(KEY, ID)
  nginx = await Nginx.create(control)
  // A stream of an hour that is over, so that most tests need no encoder.
  const hls = join(nginx.env.HLS_DIR ?? '', OLD)
  const dash = join(nginx.env.DASH_DIR ?? '', OLD)
  await mkdir(hls, { recursive: true })
  await mkdir(dash, { recursive: true })
  const entries = Array.from({ length: 1200 }, (_, n) => `#EXTINF:3.000,\n${1700000000000 + n * 3000}.ts`)
  await writeFile(join(hls, 'index.m3u8'), `#EXTM3U\n${entries.join('\n')}\n`)
  await writeFile(join(hls, 'index.m3u8.bak'), '#EXTM3U\n')
  await writeFile(join(hls, '1700000000000.ts'), Buffer.alloc(1880, 0x47))
  await writeFile(join(hls, '.keep'), '')
  await writeFile(join(dash, 'index.mpd'), `<?xml version="1.0"?>\n${' '.repeat(500)}<MPD/>`)
  for (const name of ['init.m4v', '0.m4v', '0.m4a', 'raw.m4v']) await writeFile(join(dash, name), 'moof')
})

after(async () => {
  await nginx?.[Symbol.asyncDispose]()
  await control?.[Symbol.asyncDispose]()
})

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  )
const stat = async () => (await nginx.internal('/stat')).body.toString()

test('a publisher with a key is written under the id, and the key is nowhere', async () => {
  await using _publisher = nginx.publish(KEY)
  const playlist = `/hls/${ID}/index.m3u8`
  const first = await eventually('the playlist', async () => {
    const answer = await nginx.get(playlist)
    return answer.status === 200 && answer
  })
  const segment = /^\d+\.ts$/m.exec(first.body.toString())?.[0]
  const [hls, video] = [first, await nginx.get(`/hls/${ID}/${segment}`)]
  assert.equal(hls.headers['content-type'], 'application/vnd.apple.mpegurl')
  assert.equal(video.status, 200)
  assert.equal(video.body[0], 0x47)
  const dash = await eventually('the MPD', async () => {
    const answer = await nginx.get(`/dash/${ID}/index.mpd`)
    return answer.status === 200 && answer
  })
  assert.match(dash.body.toString(), /<MPD/)
  assert.equal((await nginx.get(`/dash/${ID}/init.m4v`)).status, 200)

  const state = await stat()
  assert.equal(state.match(new RegExp(`<name>${ID}</name>`, 'g'))?.length, 2, 'in both applications')
  assert.ok(!state.includes(KEY), '/stat shows the key')
  const files = await readdir(nginx.folder, { recursive: true })
  assert.deepEqual(
    files.filter((file) => file.includes('live_')),
    [],
  )
  const hook = control.hooks.find((it) => it.form.get('name') === KEY)
  assert.equal(hook?.url, '/hooks/nginx/on_publish')
  assert.equal(hook?.nginx, (await nginx.internal('/stat')).headers['x-onair-nginx'])
})

test('dropping a publisher by its id takes it out of both applications and is told to control', async () => {
  await using publisher = nginx.publish(KEY)
  await eventually('both applications', async () => (await stat()).split(`<name>${ID}<`).length === 3)
  control.hooks.length = 0
  // In `hls` alone it is the relay that goes, and comes again.
  const relay = await nginx.internal(`/control/drop/publisher?app=hls&name=${ID}`)
  assert.equal(relay.body.toString(), '1')
  await eventually('both applications', async () => (await stat()).split(`<name>${ID}<`).length === 3)
  const drop = await nginx.internal(`/control/drop/publisher?app=live&name=${ID}`)
  assert.equal(drop.body.toString(), '1')
  assert.ok(drop.headers['x-onair-nginx'])
  await publisher.ended
  assert.ok(!(await stat()).includes(ID))
  await eventually('on_publish_done', () =>
    control.hooks.find((hook) => hook.url.endsWith('/on_publish_done')),
  )
})

test('nobody gets in without a key, nor around the hook, nor as a player', async () => {
  const wrong = 'live_wrongwrongwrongwrongwrongwrong'
  control.hooks.length = 0
  const attempts = [
    nginx.publish(wrong),
    nginx.publish(wrong, 'hls'),
    nginx.publish('x', wrong),
    nginx.publish(ID, 'hls'),
    nginx.publish(KEY, 'live', nginx.env.INTERNAL_RTMP_PORT),
  ]
  for (const attempt of attempts) assert.notEqual(await attempt.ended, 0)
  assert.equal(await nginx.play(ID, 'live'), 1)
  assert.equal(await nginx.play(ID, 'hls', nginx.env.INTERNAL_RTMP_PORT), 1)
  assert.equal(control.hooks.length, 1, 'only the live application asks')
  assert.deepEqual(
    (await readdir(nginx.env.HLS_DIR ?? '')).filter((name) => name !== OLD && name !== ID),
    [],
  )
  await nginx.get(`/v1/die?key=${wrong}`)
  await eventually('the error', () => nginx.log.includes('/v1/die'))
  assert.ok(!/live_[0-9a-z]/.test(nginx.log), nginx.log)
})

test('a playlist is never cached, goes out gzipped, and may be read from other sites', async () => {
  const answer = await nginx.get(`/hls/${OLD}/index.m3u8`, {
    'accept-encoding': 'gzip',
    origin: 'https://a.example',
  })
  assert.equal(answer.headers['content-encoding'], 'gzip')
  assert.match(gunzipSync(answer.body).toString(), /^#EXTM3U/)
  assert.ok(answer.body.length < 12_000, `${answer.body.length} bytes`)
  assert.equal(answer.headers['cache-control'], 'no-cache, no-store')
  assert.equal(answer.headers.etag, undefined)
  assertCors(answer)
  const again = await nginx.get(`/hls/${OLD}/index.m3u8`, {
    'if-modified-since': String(answer.headers['last-modified']),
  })
  assert.equal(again.status, 200)
  const mpd = await nginx.get(`/dash/${OLD}/index.mpd`, { 'accept-encoding': 'gzip' })
  assert.equal(mpd.headers['content-type'], 'application/dash+xml')
  assert.equal(mpd.headers['content-encoding'], 'gzip')
  assert.equal(mpd.headers['cache-control'], 'no-cache, no-store')
})

test('a segment is cached for good where its name is never used again, else revalidated', async () => {
  const ts = await nginx.get(`/hls/${OLD}/1700000000000.ts`)
  assert.equal(ts.headers['content-type'], 'video/mp2t')
  assert.equal(ts.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal(ts.headers['content-length'], '1880')
  assertCors(ts)
  const part = await nginx.get(`/hls/${OLD}/1700000000000.ts`, { range: 'bytes=0-187' })
  assert.equal(part.status, 206)
  assert.equal(part.body.length, 188)
  const m4v = await nginx.get(`/dash/${OLD}/0.m4v`)
  assert.equal(m4v.headers['content-type'], 'video/mp4')
  assert.equal(m4v.headers['cache-control'], 'no-cache')
  assert.equal((await nginx.get(`/dash/${OLD}/0.m4v`, { 'if-none-match': m4v.headers.etag })).status, 304)
  assert.equal((await nginx.get(`/dash/${OLD}/0.m4a`)).headers['content-type'], 'audio/mp4')
})

test('a playlist that is not there yet is a 404 that other sites can read and nobody keeps', async () => {
  for (const path of ['/hls/zzz/index.m3u8', '/hls/zzz/1.ts', '/dash/zzz/index.mpd', '/dash/zzz/0.m4v']) {
    const answer = await nginx.get(path)
    assert.equal(answer.status, 404, path)
    assert.match(String(answer.headers['cache-control']), /no-store/, path)
    assertCors(answer)
  }
})

test('a preflight for a range request is answered', async () => {
  for (const path of [
    `/hls/${OLD}/index.m3u8`,
    `/hls/${OLD}/1.ts`,
    `/dash/${OLD}/0.m4v`,
    '/dash/zzz/index.mpd',
  ]) {
    const answer = await nginx.get(path, { origin: 'https://a.example' }, 'OPTIONS')
    assert.equal(answer.status, 204, path)
    assert.match(String(answer.headers['access-control-allow-methods']), /GET/)
    assert.match(String(answer.headers['access-control-allow-headers']), /Range/)
    assertCors(answer)
  }
})

function assertCors(answer: Answer): void {
  assert.equal(answer.headers['access-control-allow-origin'], '*')
  assert.equal(answer.headers['access-control-expose-headers'], 'Content-Length')
}

test('the public port serves what it has to and nothing else', async () => {
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
    [`/hls/${OLD}/..%2f..%2frun/onair.conf`, '/hls/../run/onair.conf', `/dash/${OLD}/raw.m4v`, '/dash/'],
    ['/v1/../hooks/nginx/on_publish', '/v1/..%2fstat', '/v1/%2e%2e/metrics', '/v1', '/v2/streams', '/docsx'],
  ]
  control.hooks.length = 0
  for (const path of hidden.flat()) {
    const answer = await nginx.get(path)
    assert.equal(answer.status, 404, path)
    assert.equal(answer.headers.server, 'nginx', 'the version is nobody’s business')
  }
  assert.equal((await nginx.get('/hooks/nginx/on_publish', {}, 'POST', 'name=x')).status, 404)
  assert.equal(control.hooks.length, 0)
  assert.equal((await nginx.internal('/metrics')).status, 404)
  assert.equal((await nginx.internal('/stat.xsl')).headers['content-type']?.split(';')[0], 'text/xsl')
})

test('a page on another site can not drop publishers through its reader', async () => {
  const answer = await nginx.internal('/control/drop/publisher?app=live', { 'sec-fetch-site': 'cross-site' })
  assert.equal(answer.status, 403)
})

test('the page is at its three addresses, what has a hash in its name is cached for good', async () => {
  for (const path of ['/', `/watch/${ID}`, '/studio', '/?from=mail']) {
    const answer = await nginx.get(path)
    assert.equal(answer.status, 200, path)
    assert.match(answer.body.toString(), /OnAir/)
    assert.equal(answer.headers['cache-control'], 'no-cache')
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    assert.match(String(answer.headers['content-security-policy']), /media-src 'self' blob:/)
  }
  const asset = await nginx.get('/assets/app-Ab3_d6Gh.js')
  assert.match(String(asset.headers['content-type']), /^text\/javascript/)
  assert.match(String(asset.headers['cache-control']), /immutable/)
  assert.equal((await nginx.get('/assets/icon.svg')).headers['cache-control'], 'no-cache')
  assert.equal((await nginx.get('/assets/app-Ab3_d6GX.js')).headers['cache-control'], 'no-store')
})

test('IPv6 is served as well', { skip: !hasIpv6 }, async () => {
  assert.equal((await nginx.getIpv6('/')).status, 200)
})

test('control hears who is calling from nginx and not from the caller', async () => {
  const answer = await nginx.get('/v1/streams?limit=1', {
    host: 'live.example:8080',
    'x-real-ip': '9.9.9.9',
    'x-forwarded-for': '9.9.9.9',
    forwarded: 'for=9.9.9.9',
    'x-onair-nginx': 'forged',
  })
  const seen = JSON.parse(answer.body.toString()) as { url: string; headers: Record<string, string> }
  assert.equal(seen.url, '/v1/streams?limit=1')
  assert.equal(seen.headers.host, 'live.example:8080')
  assert.equal(seen.headers['x-real-ip'], '127.0.0.1')
  assert.ok(!JSON.stringify(seen).includes('9.9.9.9'))
  assert.ok(!JSON.stringify(seen).includes('forged'))
  for (const path of ['/docs', '/docs/json', '/openapi.json', '/healthz', '/readyz']) {
    assert.equal((await nginx.get(path)).status, 200, path)
  }
})

test('a body above what control takes reaches control, one far above it does not', async () => {
  const answer = await nginx.get('/v1/streams', {}, 'POST', 'x'.repeat(100_000))
  assert.equal((JSON.parse(answer.body.toString()) as { length: number }).length, 100_000)
  const huge = await nginx.get('/v1/streams', { 'content-length': 2 ** 30, expect: '100-continue' }, 'POST')
  assert.equal(huge.status, 413)
  assert.equal(huge.headers['content-type'], 'application/problem+json')
  assert.match(huge.body.toString(), /"code":"body_too_large"/)
})

test('a dead control is a problem to come back from', async () => {
  const answer = await nginx.get('/v1/die')
  const problem = JSON.parse(answer.body.toString()) as { status: number; code: string }
  assert.equal(answer.status, 503)
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  assert.equal(answer.headers['retry-after'], '2')
  assert.equal(answer.headers['access-control-allow-origin'], '*')
  assert.deepEqual([problem.status, problem.code], [503, 'control_unavailable'])
})

test('events pass one by one while the answer is still open', async () => {
  const url = `http://127.0.0.1:${nginx.env.HTTP_PORT}/v1/events`
  const req = get(url, { headers: { 'accept-encoding': 'gzip' } })
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  assert.equal(res.headers['content-encoding'], undefined)
  let seen = ''
  res.on('data', (piece: Buffer) => {
    seen += piece
  })
  await eventually('the first bytes', () => seen === 'retry: 1000\n\n')
  for (const reader of control.readers) reader.write('data: 1\n\n')
  await eventually('an event', () => seen.endsWith('data: 1\n\n'))
  req.destroy()
})

test('each life of nginx has a name of its own', async () => {
  const name = async () => String((await nginx.internal('/stat')).headers['x-onair-nginx'])
  const before = await name()
  assert.equal(await name(), before)
  process.kill(Number(before.split('-').at(-1)), 'SIGKILL')
  const afterWorker = await eventually('another worker', async () => {
    const now = await name().catch(() => before)
    return now !== before && now
  })
  // What is left of it keeps the ports: the next start has to clear it away.
  await nginx.stop('SIGKILL')
  await nginx.start()
  assert.notEqual((await name()).split('-')[1], afterWorker.split('-')[1])
})

test('origins can be limited; another user than root can run it; it stops when told to', async () => {
  const uid = process.getuid?.() === 0 ? 65_534 : undefined
  await using other = await Nginx.create(control, {
    env: { CORS_ORIGINS: 'https://a.example, https://b.example' },
    ...(uid === undefined ? {} : { uid }),
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
  await using _publisher = other.publish(KEY)
  await eventually('the playlist', () => exists(join(other.env.HLS_DIR ?? '', ID, 'index.m3u8')))
  assert.ok(!/\[(warn|emerg|alert|crit)\]/.test(other.log), other.log)
  assert.deepEqual(await other.stop(), { code: 0, signal: null })
})

test('control may have a name that does not resolve yet', async () => {
  await using other = await Nginx.create(control, { env: { CONTROL_URL: 'http://control.invalid:3000' } })
  assert.equal((await other.get('/')).status, 200)
  assert.equal((await other.get('/v1/streams')).status, 503)
  assert.notEqual(await other.publish(KEY).ended, 0)
})

test('wrong settings stop the start with what is wrong', async () => {
  for (const [name, value] of [
    ['HTTP_PORT', '80800'],
    ['CORS_ORIGINS', 'https://a.example" evil'],
    ['CONTROL_URL', 'https://control'],
    ['HLS_DIR', '/tmp/$x'],
    ['LISTEN_ADDRESS', 'everywhere'],
  ] as const) {
    await assert.rejects(Nginx.create(control, { env: { [name]: value } }), new RegExp(`gave up: .*${name}`))
  }
})
