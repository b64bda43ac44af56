// A whole broadcast through real nginx, with a real encoder and a real reader of events.
import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Encoder, probe } from '../support/encoder.ts'
import { SseReader } from '../support/sse.ts'
import { type IssuedAnswer, TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let stack: TestStack
let stream: IssuedAnswer
let key: string
let encoder: Encoder
let everybody: SseReader
let own: SseReader

before(async () => {
  stack = await TestStack.start()
  everybody = await SseReader.open(`${stack.url}/v1/events`)
  stream = await stack.create({ title: 'A whole broadcast' })
  key = stream.streamKey.value
  own = await SseReader.open(`${stack.url}/v1/events?stream=${stream.id}&lastEventId=0`)
  encoder = new Encoder(`${stream.streamKey.ingestUrl}/${key}`)
})

after(async () => {
  await encoder?.[Symbol.asyncDispose]()
  await own?.[Symbol.asyncDispose]()
  await everybody?.[Symbol.asyncDispose]()
  await stack?.[Symbol.asyncDispose]()
})

/** From the rename of a stream's first playlist to the frame at a reader, through nginx. */
async function latencyMs(id: string): Promise<number> {
  const live = await everybody.frame(
    'stream.live',
    (frame) => (frame.data as { stream: IssuedAnswer }).stream.id === id,
  )
  const playlist = await stat(join(stack.hlsDir, id, 'index.m3u8'))
  return performance.timeOrigin + live.receivedAt - playlist.mtimeMs
}

test('every reader learns of the first playlist', async () => {
  const live = await everybody.frame('stream.live')
  const data = live.data as { stream: IssuedAnswer; resumed: boolean }
  assert.equal(data.stream.id, stream.id)
  assert.equal(data.stream.status, 'live')
  assert.equal(data.resumed, false)
  assert.equal(data.stream.title, 'A whole broadcast')
})

test('the stream’s own readers see all of it, in order, from its creation', async () => {
  await own.frame('stream.live')
  assert.deepEqual(own.types, ['stream.created', 'stream.connecting', 'stream.live'])
  assert.deepEqual(everybody.types, ['stream.live'], 'what has not been live is nobody else’s business')
})

test('it is listed, and the list has the cursor from which events continue it', async () => {
  const response = await fetch(`${stack.url}/v1/streams?status=live`)
  const list = (await response.json()) as { data: IssuedAnswer[]; lastEventId: string }
  assert.deepEqual(
    list.data.map((listed) => listed.id),
    [stream.id],
  )
  assert.equal(list.lastEventId, (await own.frame('stream.live')).id)
})

test('it plays: H.264 and AAC over HLS, and over DASH', async () => {
  const hls = await probe(stream.playback.hls)
  assert.deepEqual(hls.streams.map((track) => track.codec_name).sort(), ['aac', 'h264'])
  assert.equal(hls.streams.find((track) => track.codec_type === 'video')?.width, 320)
  const manifest = await until('the DASH manifest', async () => {
    const response = await fetch(stream.playback.dash)
    return response.ok && response.text()
  })
  assert.match(manifest, /<MPD/)
})

test('/stat shows the id where the key would be', async () => {
  const xml = await (await fetch(`${stack.internalUrl}/stat`)).text()
  assert.ok(xml.includes(stream.id))
  assert.ok(!xml.includes(key))
})

test('what is internal can’t be reached through the public port', async () => {
  for (const path of ['/stat', '/control/drop/publisher?app=live', '/hooks/nginx/on_publish', '/metrics']) {
    assert.equal((await fetch(`${stack.url}${path}`)).status, 404, path)
  }
})

test('its owner ends it: the publisher is dropped, the playlist ends, the key no longer works', async () => {
  const response = await stack.manage(stream.id, 'end', key)
  assert.equal(response.status, 200)
  assert.equal(((await response.json()) as IssuedAnswer).endReason, 'ended_by_owner')
  await encoder.exited()
  const playlist = await until('the end of the playlist', async () => {
    const text = await (await fetch(stream.playback.hls)).text()
    return text.includes('#EXT-X-ENDLIST') && text
  })
  assert.ok(playlist.trimEnd().endsWith('#EXT-X-ENDLIST'))
  await everybody.frame('stream.ended')
  assert.deepEqual(own.types, ['stream.created', 'stream.connecting', 'stream.live', 'stream.ended'])

  await using again = new Encoder(`${stream.streamKey.ingestUrl}/${key}`)
  await again.exited()
  assert.equal((await stack.stream(stream.id)).status, 'ended')
  assert.equal((await stack.manage(stream.id, 'end', key)).status, 200, 'ending twice is no error')
})

test('every reader learns of every first playlist at once', async (t) => {
  const latencies: number[] = []
  for (let round = 0; round < 5; round++) {
    const { id, streamKey } = await stack.create()
    await using _encoder = new Encoder(`${streamKey.ingestUrl}/${streamKey.value}`)
    latencies.push(await latencyMs(id))
    await stack.manage(id, 'end', streamKey.value)
  }
  const [first, , median, , last] = latencies.sort((a, b) => a - b)
  t.diagnostic(
    `first playlist to event, ms: least ${first?.toFixed(1)}, median ${median?.toFixed(1)}, most ${last?.toFixed(1)}`,
  )
})

test('the key is nowhere but in the answer that issued it', async () => {
  const answers = await Promise.all(
    [`/v1/streams/${stream.id}`, '/v1/streams', '/openapi.json'].map(async (path) =>
      (await fetch(`${stack.url}${path}`)).text(),
    ),
  )
  const metrics = await (await fetch(`${stack.hooksUrl}/metrics`)).text()
  const tables = await Promise.all(
    ['streams', 'events'].map((table) => stack.database.query(`SELECT * FROM ${table}`)),
  )
  const places = [...answers, metrics, JSON.stringify(tables), own.text, everybody.text, stack.output]
  for (const place of places) assert.ok(!place.includes(key), `the key is in ${place.slice(0, 200)}`)
  assert.ok(stack.output.includes(stream.id), 'the log is about this stream')

  const names = await Promise.all([stack.folder].map((folder) => readdir(folder, { recursive: true })))
  assert.ok(names.flat().some((name) => name.includes(stream.id)))
  assert.ok(!names.flat().some((name) => name.includes(key)))
  for (const name of names.flat().filter((file) => /\.(conf|log|m3u8|mpd|json|txt)$/.test(file))) {
    assert.ok(!(await readFile(join(stack.folder, name), 'utf8')).includes(key), `the key is in ${name}`)
  }
})
