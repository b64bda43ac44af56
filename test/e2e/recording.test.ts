// Recordings end to end, with real nginx and ffmpeg: publishers reconnect, control is killed, and storages fail.
// Each recording has every segment that nginx finished, once.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Encoder, probe } from '../support/encoder.ts'
import { S3Server } from '../support/s3-server.ts'
import { countPackets, durationOf, hashesOf, namesIn, sha256 } from '../support/segments.ts'
import { type IssuedAnswer, type RecordingAnswer, TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** Publishes for a while, then unpublishes and disconnects. */
async function publish(stack: TestStack, issued: IssuedAnswer, ms: number): Promise<void> {
  await using encoder = new Encoder(`${stack.rtmpUrl}/${issued.streamKey.value}`)
  await delay(ms)
  assert.ok(encoder.running, encoder.errors.replaceAll(issued.streamKey.value, '<key>'))
  await encoder.stop()
}

async function killControl(stack: TestStack): Promise<void> {
  const pid = stack.pidOf('control')
  assert.ok(pid)
  process.kill(pid, 'SIGKILL')
  await until('control to be back', async () => stack.pidOf('control') !== pid && (await stack.isReady()))
}

async function endAndWait(stack: TestStack, issued: IssuedAnswer): Promise<RecordingAnswer> {
  assert.equal((await stack.manage(issued.id, 'end', issued.streamKey.value)).status, 200)
  return until(
    'the recording',
    async () => {
      const { recording } = await stack.stream(issued.id)
      assert.notEqual(recording?.status, 'failed')
      return recording?.status === 'ready' && recording
    },
    60_000,
  )
}

async function text(url: string | null): Promise<string> {
  assert.ok(url)
  const response = await fetch(url)
  assert.equal(response.status, 200, url)
  return response.text()
}

/** Recording and MP4 have every segment that nginx finished, and nothing else. */
async function isComplete(stack: TestStack, id: string, recording: RecordingAnswer): Promise<void> {
  const source = await stack.playlist(id)
  const vod = await text(recording.playback.hls)
  const names = namesIn(source)
  const stored = await Promise.all(
    namesIn(vod).map(async (name) => {
      const response = await fetch(new URL(name, recording.playback.hls ?? ''))
      return sha256(new Uint8Array(await response.arrayBuffer()))
    }),
  )
  const folder = join(stack.hlsDir, id)
  assert.deepEqual(stored, await hashesOf(folder, names))
  assert.equal(vod.match(/#EXT-X-DISCONTINUITY/g)?.length, source.match(/#EXT-X-DISCONTINUITY/g)?.length)
  assert.match(vod, /#EXT-X-PLAYLIST-TYPE:VOD.*#EXT-X-ENDLIST\n$/s)
  assert.equal(recording.missingSegments, 0)
  assert.ok(Math.abs((recording.durationS ?? 0) - durationOf(source)) < 0.01)

  const counts = await Promise.all(names.map((name) => countPackets(join(folder, name))))
  const sum = (of: 'video' | 'audio') => counts.reduce((total, count) => total + count[of], 0)
  assert.ok(sum('video') > 0 && sum('audio') > 0)
  const mp4 = recording.download.mp4 ?? assert.fail('there is no MP4')
  assert.deepEqual(await countPackets(mp4), { video: sum('video'), audio: sum('audio') })
  for (const url of [recording.playback.hls ?? '', mp4]) {
    const { streams } = await probe(url)
    assert.deepEqual(streams.map(({ codec_name }) => codec_name).sort(), ['aac', 'h264'])
  }
}

describe('in a folder', () => {
  test('a broadcast with a reconnect is recorded in full though control is killed twice', async () => {
    await using stack = await TestStack.start({ RECONNECT_WINDOW: '30' })
    const issued = await stack.create({ record: true })
    const publishing = publish(stack, issued, 16_000)
    await stack.reaches(issued.id, 'live')
    await killControl(stack)
    await publishing
    const again = publish(stack, issued, 9_000)
    await delay(5_000)
    await killControl(stack)
    await again
    const recording = await endAndWait(stack, issued)
    await isComplete(stack, issued.id, recording)

    const range = await fetch(recording.download.mp4 ?? '', { headers: { range: 'bytes=4-7' } })
    assert.deepEqual([range.status, await range.text()], [206, 'ftyp'])
    assert.match(range.headers.get('cache-control') ?? '', /max-age=3600, immutable/)
    const poster = await fetch(recording.poster ?? '')
    assert.deepEqual([poster.status, poster.headers.get('content-type')], [200, 'image/jpeg'])

    const path = `${stack.url}/v1/streams/${issued.id}/recording`
    const headers = { authorization: `Bearer ${issued.streamKey.value}` }
    assert.equal((await fetch(path, { method: 'DELETE', headers })).status, 204)
    await until('its files to be gone', async () => {
      const gone = await fetch(recording.playback.hls ?? '')
      return gone.status === 404 && (await fetch(recording.download.mp4 ?? '')).status === 404
    })
  })

  test('segments that control could not store before the end and before it was killed are stored afterwards', async () => {
    await using stack = await TestStack.start({ RECONNECT_WINDOW: '3' })
    const issued = await stack.create({ record: true })
    const publishing = publish(stack, issued, 12_000)
    await stack.reaches(issued.id, 'live')
    const pid = stack.pidOf('control') ?? assert.fail()
    // It is stopped until the broadcast is over, and then killed.
    process.kill(pid, 'SIGSTOP')
    await publishing
    process.kill(pid, 'SIGKILL')
    const recording = await until(
      'the recording',
      async () => {
        const stream = await stack.stream(issued.id).catch(() => null)
        return stream?.recording?.status === 'ready' && stream.recording
      },
      60_000,
    )
    await isComplete(stack, issued.id, recording)
  })
})

test('a broadcast without sound has an MP4', async () => {
  await using stack = await TestStack.start()
  const issued = await stack.create({ record: true })
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '15', '-an']
  {
    await using encoder = new Encoder(`${stack.rtmpUrl}/${issued.streamKey.value}`, { video })
    await stack.reaches(issued.id, 'live')
    await encoder.stop()
  }
  const { download } = await endAndWait(stack, issued)
  const { video: frames, audio } = await countPackets(download.mp4 ?? assert.fail('there is no MP4'))
  assert.ok(frames > 0)
  assert.equal(audio, 0)
})

describe('in S3', () => {
  const server = S3Server.start()
  after(async () => (await server)[Symbol.asyncDispose]())

  test('a recording is complete though the store is unreachable for a while and then fails every third request', async () => {
    const s3 = await server
    await using stack = await TestStack.start({ RECONNECT_WINDOW: '30', ...s3.settings })
    const issued = await stack.create({ record: true })
    const publishing = publish(stack, issued, 14_000)
    await stack.reaches(issued.id, 'live')
    await s3.goAway()
    await delay(6_000)
    s3.fails = (request) => request % 3 === 0
    await s3.comeBack()
    await publishing
    const again = publish(stack, issued, 8_000)
    await delay(5_000)
    await killControl(stack)
    await again
    const recording = await endAndWait(stack, issued)
    s3.fails = () => false
    await isComplete(stack, issued.id, recording)
  })
})
