// Thumbnails and posters of what publishers may send: huge pictures, keyframes that are close or far apart.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Ffmpeg } from '../../apps/media/ffmpeg.ts'
import { firstFrame, lastFrame } from '../../apps/media/still-image.ts'
import { colourOf, sizeOf } from '../support/jpeg.ts'
import { peakMemoryOf } from '../support/peak-memory.ts'
import { twoColours } from '../support/segments.ts'

const MAX_MEGABYTES = 400
const ffmpeg = new Ffmpeg(process.env.PATH ?? '')
const OPTIONS = { ffmpeg, signal: new AbortController().signal, timeoutMs: 20_000 }
let folder: string
before(async () => {
  await ffmpeg.start()
  folder = await mkdtemp(join(tmpdir(), 'still-image-'))
})
after(() => rm(folder, { recursive: true }))

/** A segment that is red, and blue at its end. */
function segment(name: string, options: Parameters<typeof twoColours>[0]): string {
  const path = join(folder, name)
  execFileSync('ffmpeg', [...twoColours(options), path])
  return path
}

const isBlue = (jpeg: Buffer) => {
  const [red = 0, , blue = 0] = colourOf(jpeg)
  return blue > 200 && red < 50
}

test('a thumbnail of 4K at 60 frames a second, each of them a keyframe, takes less than 400 MB', async () => {
  const path = segment('4k60.ts', { size: '3840x2160', rate: 60, redS: 1.5, blueS: 0.5, keyframeEvery: 1 })
  let jpeg: Buffer = Buffer.alloc(0)
  const peak = await peakMemoryOf([process.pid], async () => {
    jpeg = await lastFrame(path, OPTIONS)
  })
  assert.ok(isBlue(jpeg), `${colourOf(jpeg)}`)
  assert.equal(sizeOf(jpeg), '640,360')
  assert.ok(peak > 20 && peak < MAX_MEGABYTES, `${peak} MB`)
})

test('a picture larger than players can show gives no thumbnail and no poster', async () => {
  const path = segment('large.ts', { size: '4096x2320', rate: 5, redS: 0.4, blueS: 0.4, keyframeEvery: 5 })
  await assert.rejects(lastFrame(path, OPTIONS), /ffmpeg: .*(size|large)/i)
  await assert.rejects(firstFrame(path, OPTIONS), /ffmpeg: .*(size|large)/i)
  const largest = segment('largest.ts', {
    size: '4096x2304',
    rate: 5,
    redS: 0.4,
    blueS: 0.4,
    keyframeEvery: 2,
  })
  assert.ok(isBlue(await lastFrame(largest, OPTIONS)))
})

test('the last keyframe is the thumbnail when it is recent, and the last frame when it is not', async () => {
  const size = '320x180'
  const recent = segment('recent.ts', { size, rate: 10, redS: 6, blueS: 4, keyframeEvery: 60 })
  assert.ok(isBlue(await lastFrame(recent, OPTIONS)))
  const red = segment('red.ts', { size, rate: 10, redS: 4, blueS: 2, keyframeEvery: 25 })
  assert.ok(isBlue(await lastFrame(red, OPTIONS)), 'the keyframe at 5 s')
  const old = segment('old.ts', { size, rate: 10, redS: 7, blueS: 3, keyframeEvery: 1000 })
  assert.ok(isBlue(await lastFrame(old, OPTIONS)), 'the last frame')
})

test('a poster is the first frame', async () => {
  const path = segment('poster.ts', { size: '320x180', rate: 10, redS: 1, blueS: 1, keyframeEvery: 5 })
  assert.ok(!isBlue(await firstFrame(path, OPTIONS)))
})

test('what is no segment gives an error and no picture', async () => {
  for (const [name, text] of [
    ['text.ts', 'no transport stream at all'],
    ['empty.ts', ''],
    ['zeros.ts', '\0'.repeat(188 * 100)],
    ['sync.ts', `G${'x'.repeat(187)}`.repeat(100)],
    // Looks like the beginning of a frame at the packet's very end.
    ['short.ts', `G@\x010${'\xb3'.repeat(184)}`.repeat(3)],
  ] as const) {
    const path = join(folder, name)
    await writeFile(path, text, 'latin1')
    await assert.rejects(lastFrame(path, OPTIONS), name)
    await assert.rejects(firstFrame(path, OPTIONS), name)
  }
})
