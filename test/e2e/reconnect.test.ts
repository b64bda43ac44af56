// Publishers that are lost, and come back or do not.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Encoder, probe } from '../support/encoder.ts'
import { SseReader } from '../support/sse.ts'
import { type IssuedAnswer, TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let stack: TestStack

before(async () => {
  stack = await TestStack.start({ RECONNECT_WINDOW: '25' })
})

after(async () => {
  await stack?.[Symbol.asyncDispose]()
})

const playlistOf = async (stream: IssuedAnswer) => (await fetch(stream.playback.hls)).text()
const segmentsOf = (playlist: string) => playlist.split('\n').filter((line) => line.endsWith('.ts'))

/** Tries to publish until it is let in and stays connected, as encoders with auto-reconnect do. */
async function keepTrying(stream: IssuedAnswer, timeoutMs: number): Promise<Encoder> {
  return until(
    'the publisher to be let back in',
    async () => {
      const encoder = new Encoder(`${stack.rtmpUrl}/${stream.streamKey.value}`)
      const refused = await encoder.exited(3_000).then(
        () => true,
        () => false,
      )
      return refused ? null : encoder
    },
    timeoutMs,
  )
}

test('a publisher that reconnects in time continues under the same URL', async () => {
  const stream = await stack.create()
  await using reader = await SseReader.open(`${stack.url}/v1/events?stream=${stream.id}&lastEventId=0`)
  await using first = new Encoder(`${stack.rtmpUrl}/${stream.streamKey.value}`)
  const { liveAt, connectedAt } = await stack.reaches(stream.id, 'live')
  await first.stop()
  await stack.reaches(stream.id, 'reconnecting')
  const before = segmentsOf(await playlistOf(stream))

  await using second = await keepTrying(stream, 15_000)
  const resumed = await reader.frame('stream.live', (frame) => frame.data.resumed === true)
  const playlist = await playlistOf(stream)
  const segments = segmentsOf(playlist)
  assert.deepEqual(
    segments.slice(0, before.length),
    before,
    'the part that could be rewound to is still there',
  )
  assert.ok(segments.length > before.length, 'live means that the playlist has gone on')
  assert.equal(new Set(segments).size, segments.length, 'no segment’s name is used twice')
  const discontinuities = playlist.split('\n').filter((line) => line === '#EXT-X-DISCONTINUITY').length
  assert.equal(discontinuities, 2, 'one at the beginning and one at the reconnect')

  const stream2 = (resumed.data as { stream: IssuedAnswer }).stream
  assert.equal(stream2.liveAt, liveAt, 'the first time is kept')
  assert.equal(stream2.connectedAt, connectedAt)
  assert.deepEqual(reader.types, [
    'stream.created',
    'stream.connecting',
    'stream.live',
    'stream.reconnecting',
    'stream.live',
  ])
  assert.equal((await probe(stream.playback.hls)).streams.length, 2)
  assert.ok(second.running)
})

test('a stream whose publisher does not return ends', async () => {
  const stream = await stack.create()
  await using reader = await SseReader.open(`${stack.url}/v1/events?stream=${stream.id}&lastEventId=0`)
  await using encoder = new Encoder(`${stack.rtmpUrl}/${stream.streamKey.value}`)
  await stack.reaches(stream.id, 'live')
  await encoder.stop()
  const lost = await reader.frame('stream.reconnecting')
  const ended = await reader.frame('stream.ended', undefined, 35_000)
  assert.equal((ended.data as { stream: IssuedAnswer }).stream.endReason, 'publisher_gone')
  const windowMs = Date.parse(String(ended.data.createdAt)) - Date.parse(String(lost.data.createdAt))
  assert.ok(windowMs >= 25_000 && windowMs < 29_000, `the window was open for ${windowMs} ms`)
  await until('the end of the playlist', async () => (await playlistOf(stream)).includes('#EXT-X-ENDLIST'))
  await using late = new Encoder(`${stack.rtmpUrl}/${stream.streamKey.value}`)
  await late.exited()
  assert.equal((await stack.stream(stream.id)).status, 'ended')
})

test('a frozen publisher keeps its streamer from publishing for at most 15 s', async (t) => {
  const stream = await stack.create()
  await using reader = await SseReader.open(`${stack.url}/v1/events?stream=${stream.id}&lastEventId=0`)
  await using frozen = new Encoder(`${stack.rtmpUrl}/${stream.streamKey.value}`)
  await stack.reaches(stream.id, 'live')
  frozen.freeze()
  const frozenAt = performance.now()
  const lost = await reader.frame('stream.reconnecting', undefined, 20_000)
  const noticedMs = lost.receivedAt - frozenAt
  t.diagnostic(`the frozen publisher was noticed after ${(noticedMs / 1000).toFixed(1)} s`)
  assert.ok(noticedMs < 15_000)
  await using _back = await keepTrying(stream, 15_000)
  await reader.frame('stream.live', (frame) => frame.data.resumed === true)
})
