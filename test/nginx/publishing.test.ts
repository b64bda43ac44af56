// Publishers at the real nginx: who gets in, under which name, and what control is told of it.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { probe } from '../support/encoder.ts'
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

test('a publisher’s HLS and DASH have the stream’s id as their name, and the stream key appears nowhere', async () => {
  await using _publisher = publish(fixture.rtmpUrl(KEY))
  const playlist = `/hls/${ID}/index.m3u8`
  const first = await until('the playlist', async () => {
    const answer = await fixture.get(playlist)
    return answer.status === 200 && answer
  })
  const segment = /^\d+\.ts$/m.exec(first.body.toString())?.[0]
  const [hls, video] = [first, await fixture.get(`/hls/${ID}/${segment}`)]
  assert.equal(hls.headers['content-type'], 'application/vnd.apple.mpegurl')
  assert.equal(video.status, 200)
  assert.equal(video.body[0], 0x47)
  const dash = await until('the MPD', async () => {
    const answer = await fixture.get(`/dash/${ID}/index.mpd`)
    return answer.status === 200 && answer
  })
  assert.match(dash.body.toString(), /<MPD/)
  assert.equal((await fixture.get(`/dash/${ID}/init.m4v`)).status, 200)

  const state = await fixture.stat()
  assert.equal(state.match(new RegExp(`<name>${ID}</name>`, 'g'))?.length, 2, 'in both applications')
  assert.ok(!state.includes(KEY), '/stat shows the key')
  const files = await readdir(fixture.folder, { recursive: true })
  assert.deepEqual(
    files.filter((file) => file.includes('live_')),
    [],
  )
  const hook = control.hooks.find((it) => it.form.get('name') === KEY)
  assert.equal(hook?.url, '/hooks/nginx/on_publish')
  assert.equal(hook?.nginx, (await fixture.internal('/stat')).headers['x-onair-nginx'])
})

test('dropping a publisher by its stream’s id removes it from both applications, and control gets on_publish_done', async () => {
  await using publisher = publish(fixture.rtmpUrl(KEY))
  await until('both applications', async () => (await fixture.stat()).split(`<name>${ID}<`).length === 3)
  control.hooks.length = 0
  // Dropped from `hls` only, it is the relay that ends; it reconnects.
  const relay = await fixture.internal(`/control/drop/publisher?app=hls&name=${ID}`)
  assert.equal(relay.body.toString(), '1')
  await until('both applications', async () => (await fixture.stat()).split(`<name>${ID}<`).length === 3)
  const drop = await fixture.internal(`/control/drop/publisher?app=live&name=${ID}`)
  assert.equal(drop.body.toString(), '1')
  assert.ok(drop.headers['x-onair-nginx'])
  await publisher.exited()
  assert.ok(!(await fixture.stat()).includes(ID))
  await until('on_publish_done', () => control.hooks.find((hook) => hook.url.endsWith('/on_publish_done')))
})

test('nobody publishes without a stream key or past the hook, and nobody plays over RTMP', async () => {
  const wrong = 'live_wrongwrongwrongwrongwrongwrong'
  control.hooks.length = 0
  const attempts = [
    publish(fixture.rtmpUrl(wrong)),
    publish(fixture.rtmpUrl(wrong, 'hls')),
    publish(fixture.rtmpUrl('x', wrong)),
    publish(fixture.rtmpUrl(ID, 'hls')),
    publish(fixture.internalRtmpUrl(KEY, 'live')),
  ]
  for (const attempt of attempts) assert.notEqual(await attempt.exited(), 0)
  // Exit code 1: refused, and not killed after its time limit.
  await assert.rejects(probe(fixture.rtmpUrl(ID)), { code: 1 })
  await assert.rejects(probe(fixture.internalRtmpUrl(ID, 'hls')), { code: 1 })
  assert.equal(control.hooks.length, 1, 'only the live application asks')
  assert.deepEqual(
    (await readdir(fixture.hlsDir)).filter((name) => name !== ID),
    [],
  )
  await fixture.get(`/v1/die?key=${wrong}`)
  await until('the error', () => fixture.nginx.log.includes('/v1/die'))
  assert.ok(!/live_[0-9a-z]/.test(fixture.nginx.log), fixture.nginx.log)
})
