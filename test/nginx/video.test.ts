// HLS and DASH as nginx serves them: content types, caching, compression, and access by other origins.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { FakeControl } from './fake-control.ts'
import { type Answer, Fixture, OLD, writeOldStream } from './fixture.ts'

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

test('a playlist is never cached, is sent compressed, and may be read by other origins', async () => {
  const answer = await fixture.get(`/hls/${OLD}/index.m3u8`, {
    'accept-encoding': 'gzip',
    origin: 'https://a.example',
  })
  assert.equal(answer.headers['content-encoding'], 'gzip')
  assert.match(gunzipSync(answer.body).toString(), /^#EXTM3U/)
  assert.ok(answer.body.length < 12_000, `${answer.body.length} bytes`)
  assert.equal(answer.headers['cache-control'], 'no-cache, no-store')
  assert.equal(answer.headers.etag, undefined)
  assertCors(answer)
  const again = await fixture.get(`/hls/${OLD}/index.m3u8`, {
    'if-modified-since': String(answer.headers['last-modified']),
  })
  assert.equal(again.status, 200)
  const mpd = await fixture.get(`/dash/${OLD}/index.mpd`, { 'accept-encoding': 'gzip' })
  assert.equal(mpd.headers['content-type'], 'application/dash+xml')
  assert.equal(mpd.headers['content-encoding'], 'gzip')
  assert.equal(mpd.headers['cache-control'], 'no-cache, no-store')
})

test('an HLS segment is cached for an hour; a DASH segment, whose name is used again, is revalidated', async () => {
  const ts = await fixture.get(`/hls/${OLD}/1700000000000.ts`)
  assert.equal(ts.headers['content-type'], 'video/mp2t')
  assert.equal(ts.headers['cache-control'], 'public, max-age=3600, immutable')
  assert.equal(ts.headers['content-length'], '1880')
  assertCors(ts)
  const part = await fixture.get(`/hls/${OLD}/1700000000000.ts`, { range: 'bytes=0-187' })
  assert.equal(part.status, 206)
  assert.equal(part.body.length, 188)
  const m4v = await fixture.get(`/dash/${OLD}/0.m4v`)
  assert.equal(m4v.headers['content-type'], 'video/mp4')
  assert.equal(m4v.headers['cache-control'], 'no-cache')
  assert.equal((await fixture.get(`/dash/${OLD}/0.m4v`, { 'if-none-match': m4v.headers.etag })).status, 304)
  assert.equal((await fixture.get(`/dash/${OLD}/0.m4a`)).headers['content-type'], 'audio/mp4')
})

test('a file that does not exist yet is a 404 that other origins can read and no cache keeps', async () => {
  for (const path of ['/hls/zzz/index.m3u8', '/hls/zzz/1.ts', '/dash/zzz/index.mpd', '/dash/zzz/0.m4v']) {
    const answer = await fixture.get(path)
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
    const answer = await fixture.get(path, { origin: 'https://a.example' }, 'OPTIONS')
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
