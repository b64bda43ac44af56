import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startControl, type TestControl } from '../../support/control.ts'
import { colourOf, sizeOf } from '../../support/jpeg.ts'
import { twoColours } from '../../support/segments.ts'
import { createStream, goLive, liveStream, put, refused } from '../support/api.ts'
import { HlsWriter } from '../support/hls-writer.ts'

const PLACEHOLDER = readFileSync(join(import.meta.dirname, '../../../apps/control/routes/placeholder.jpg'))
let control: TestControl
before(async () => {
  control = await startControl({ media: true })
})
after(() => control[Symbol.asyncDispose]())

const pathOf = (id: string) => `/v1/streams/${id}/thumbnail.jpg`

async function thumbnail(id: string): Promise<{ type: string | null; bytes: Buffer; cache: string | null }> {
  const response = await fetch(`${control.apiUrl}${pathOf(id)}`, { redirect: 'manual' })
  assert.equal(response.status, 200)
  const bytes = Buffer.from(await response.arrayBuffer())
  const { headers } = response
  return { type: headers.get('content-type'), bytes, cache: headers.get('cache-control') }
}

/** A second of one colour, as a segment. */
function segmentOf(colour: string): Buffer {
  return execFileSync('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', `color=c=${colour}:s=320x180:r=15`, '-t', '1'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-f', 'mpegts', 'pipe:1'],
  ])
}

test('a thumbnail shows the newest finished segment, 640 pixels wide', async () => {
  const { id } = await liveStream(control)
  const hls = new HlsWriter(control.hlsDir, id)
  await hls.segment(segmentOf('red'))
  await hls.segment(segmentOf('blue'))
  const { type, bytes, cache } = await thumbnail(id)
  assert.equal(type, 'image/jpeg')
  assert.match(cache ?? '', /max-age=1$/)
  const [red = 0, , blue = 0] = colourOf(bytes)
  assert.ok(blue > 200 && red < 50, `${colourOf(bytes)}`)
  assert.equal(sizeOf(bytes), '640,360')
})

test('requests at the same time get the same thumbnail, made once', async () => {
  const { id } = await liveStream(control)
  const hls = new HlsWriter(control.hlsDir, id)
  await hls.segment(segmentOf('red'))
  const { thumbnails } = control.context
  const jpegs = await Promise.all(Array.from({ length: 50 }, () => thumbnails.get(id)))
  assert.equal(new Set(jpegs).size, 1)
  assert.ok(jpegs[0])
})

test('a newer segment is shown at the next check, and no thumbnail is made twice of the same segment', async () => {
  const { id } = await liveStream(control)
  const hls = new HlsWriter(control.hlsDir, id)
  await hls.segment(segmentOf('red'))
  const first = await thumbnail(id)
  await delay(1_100)
  const { thumbnails } = control.context
  assert.equal(await thumbnails.get(id), await thumbnails.get(id))
  assert.ok((await thumbnail(id)).bytes.equals(first.bytes))
  await hls.segment(segmentOf('blue'))
  await delay(1_100)
  assert.ok((colourOf((await thumbnail(id)).bytes)[2] ?? 0) > 200)
})

test('a thumbnail of a long segment shows its end', async () => {
  const { id } = await liveStream(control)
  const colours = { size: '320x180', rate: 15, redS: 7, blueS: 3, keyframeEvery: 1000 }
  const long = execFileSync('ffmpeg', [...twoColours(colours), 'pipe:1'])
  await new HlsWriter(control.hlsDir, id, Date.now(), 10_000).segment(long)
  assert.ok((colourOf((await thumbnail(id)).bytes)[2] ?? 0) > 200)
})

test('under more requests than can be served, the rest get the placeholder at once', async () => {
  const streams = await Promise.all(Array.from({ length: 80 }, () => liveStream(control)))
  const segment = segmentOf('red')
  for (const { id } of streams) await new HlsWriter(control.hlsDir, id).segment(segment)
  const { thumbnails } = control.context
  const jpegs = await Promise.all(streams.map(({ id }) => thumbnails.get(id)))
  const shown = jpegs.filter((bytes) => bytes !== null).length
  assert.ok(shown >= 30 && shown < 80, `${shown}`)
})

test('the placeholder is shown before the first segment, and for a segment without video', async () => {
  const { id } = await liveStream(control)
  assert.ok((await thumbnail(id)).bytes.equals(PLACEHOLDER))
  const other = await liveStream(control)
  await new HlsWriter(control.hlsDir, other.id).segment('no video in here')
  assert.ok((await thumbnail(other.id)).bytes.equals(PLACEHOLDER))
})

test('an ended stream has its recording’s poster, or the placeholder', async () => {
  const issued = await createStream(control, { record: true })
  await goLive(control, issued)
  await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
  assert.ok((await thumbnail(issued.id)).bytes.equals(PLACEHOLDER))
  const summary = {
    durationMs: 1,
    sizeBytes: 1,
    missingSegments: 0,
    hasPlaylist: true,
    hasMp4: true,
    hasPoster: true,
  }
  await put(control, issued.id, { kind: 'recording-finished', summary })
  const response = await fetch(`${control.apiUrl}${pathOf(issued.id)}`, { redirect: 'manual' })
  assert.equal(response.status, 302)
  assert.match(response.headers.get('location') ?? '', /\/poster\.jpg$/)
})

test('for a stream of another node, redirects to that node once', async () => {
  const issued = await createStream(control)
  await goLive(control, issued)
  const sql = "UPDATE streams SET node_id = 'elsewhere', public_url = 'http://elsewhere.example' WHERE id = ?"
  await control.database.query(sql, [issued.id])
  const response = await fetch(`${control.apiUrl}${pathOf(issued.id)}`, { redirect: 'manual' })
  assert.equal(response.headers.get('location'), `http://elsewhere.example${pathOf(issued.id)}?from=peer`)
  assert.ok((await thumbnail(`${issued.id}`).catch(() => null)) === null)
  const sentOn = await fetch(`${control.apiUrl}${pathOf(issued.id)}?from=peer`, { redirect: 'manual' })
  assert.equal(sentOn.status, 200)
})

test('an unknown stream is 404', async () => {
  await refused(control, pathOf('b'.repeat(20)), {}, 404, 'stream_not_found')
})
