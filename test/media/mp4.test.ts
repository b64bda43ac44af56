// MP4s of broadcasts whose publishers sent video, audio, or both.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Ffmpeg } from '../../apps/media/ffmpeg.ts'
import { makeMp4, type SegmentFile } from '../../apps/media/mp4.ts'
import { countPackets } from '../support/segments.ts'

const VIDEO_PID = 0x100
const AUDIO_PID = 0x101
const PACKET_BYTES = 188
const ffmpeg = new Ffmpeg(process.env.PATH ?? '')
const OPTIONS = { ffmpeg, signal: new AbortController().signal, timeoutMs: 20_000 }
let root: string
let files = 0
before(async () => {
  await ffmpeg.start()
  root = await mkdtemp(join(tmpdir(), 'mp4-'))
})
after(() => rm(root, { recursive: true }))

/**
 * Three seconds of a broadcast, as a segment. Like nginx's, it lists a video and an audio track.
 * @param without the track of which it has no packet
 */
async function segment(sequence: number, without?: number): Promise<SegmentFile> {
  const ts = execFileSync('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=15', '-f', 'lavfi', '-i', 'sine'],
    ...['-t', '3', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
    ...['-output_ts_offset', `${sequence * 3}`, '-f', 'mpegts', 'pipe:1'],
  ])
  const packets = Array.from({ length: ts.length / PACKET_BYTES }, (_, n) =>
    ts.subarray(n * PACKET_BYTES, (n + 1) * PACKET_BYTES),
  )
  const path = join(root, `${++files}.ts`)
  await writeFile(
    path,
    Buffer.concat(packets.filter((packet) => (packet.readUInt16BE(1) & 0x1fff) !== without)),
  )
  return { path, durationMs: 3_000 }
}

async function mp4Of(...runs: SegmentFile[][]): Promise<{ video: number; audio: number }> {
  const folder = join(root, `work-${++files}`)
  await mkdir(folder)
  const path = await makeMp4(runs, folder, OPTIONS)
  assert.ok((await readdir(folder)).includes('recording.mp4'))
  return countPackets(path)
}

test('video and audio of all segments are in the MP4', async () => {
  const { video, audio } = await mp4Of([await segment(0), await segment(1)], [await segment(0)])
  assert.equal(video, 3 * 45)
  assert.ok(audio > 3 * 125, `${audio}`)
})

test('a broadcast without sound has an MP4 without sound', async () => {
  const run = [await segment(0, AUDIO_PID), await segment(1, AUDIO_PID)]
  assert.deepEqual(await mp4Of(run, run), { video: 4 * 45, audio: 0 })
})

test('a broadcast without video has an MP4 of its sound', async () => {
  const { video, audio } = await mp4Of([await segment(0, VIDEO_PID), await segment(1, VIDEO_PID)])
  assert.equal(video, 0)
  assert.ok(audio > 2 * 125, `${audio}`)
})

test('sound that begins late is in the MP4', async () => {
  const { video, audio } = await mp4Of([
    await segment(0, AUDIO_PID),
    await segment(1, AUDIO_PID),
    await segment(2),
  ])
  assert.equal(video, 3 * 45)
  assert.ok(audio > 125, `${audio}`)
})

test('publishers that sent different tracks have no MP4 in common', async () => {
  await assert.rejects(
    mp4Of([await segment(0)], [await segment(0, AUDIO_PID)]),
    /the publishers sent different tracks: h264 and aac; h264$/,
  )
})
