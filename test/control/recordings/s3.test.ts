import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RecordingResource } from '../../../apps/control/api/recording-schemas.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { S3Server } from '../../support/s3-server.ts'
import { until } from '../../support/until.ts'
import { call, createStream, goLive, put, refused } from '../support/api.ts'
import { HlsWriter } from '../support/hls-writer.ts'

let server: S3Server
let control: TestControl
before(async () => {
  server = await S3Server.start()
  control = await startControl({ media: true, env: server.settings })
})
after(async () => {
  await control[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function recorded(segments: readonly string[]): Promise<RecordingResource> {
  const issued = await createStream(control, { record: true })
  const hls = new HlsWriter(control.hlsDir, issued.id)
  for (const contents of segments) await hls.segment(contents)
  await goLive(control, issued)
  await put(control, issued.id, { kind: 'end-requested', by: 'owner' })
  await put(control, issued.id, { kind: 'playlist-closed', nodeId: control.context.config.nodeId })
  return until('the recording', async () => {
    const { body } = await call<RecordingResource>(control, `/v1/streams/${issued.id}/recording`)
    return body.status === 'ready' && body
  })
}

const fileOf = (streamId: string, name: string) => `/recordings/${streamId}/${name}`

test('control serves the playlist, and redirects each segment to its own URL in the store', async () => {
  const { streamId, playback } = await recorded(['one', 'two'])
  assert.equal(playback.hls, `${control.context.config.publicUrl}${fileOf(streamId, 'index.m3u8')}`)
  const playlist = await call(control, fileOf(streamId, 'index.m3u8'))
  assert.equal(playlist.status, 200)
  assert.equal(playlist.headers.get('content-type'), 'application/vnd.apple.mpegurl')
  const names = playlist.text.split('\n').filter((line) => line.endsWith('.ts'))
  const contents = await Promise.all(
    names.map(async (name) => {
      const { status, headers } = await call(control, fileOf(streamId, name))
      assert.equal(status, 302)
      return (await fetch(headers.get('location') ?? '')).text()
    }),
  )
  assert.deepEqual(contents, ['one', 'two'])
})

test('a link to the store is valid for an hour, and leads to nothing once the recording is deleted', async () => {
  const { streamId } = await recorded(['one'])
  const path = fileOf(streamId, 'recording.mp4')
  const link = (await call(control, path)).headers.get('location') ?? ''
  assert.equal(new URL(link).searchParams.get('X-Amz-Expires'), '3600')
  const { text } = await call(control, fileOf(streamId, 'index.m3u8'))
  const segment = text.split('\n').find((line) => line.endsWith('.ts')) ?? assert.fail()
  const url = (await call(control, fileOf(streamId, segment))).headers.get('location') ?? ''
  const stored = await fetch(url)
  assert.deepEqual(
    [stored.status, stored.headers.get('cache-control')],
    [200, 'public, max-age=3600, immutable'],
  )
  await stored.body?.cancel()
  await put(control, streamId, { kind: 'recording-delete-requested' })
  await until('the object to be gone', async () => {
    const answer = await fetch(url)
    await answer.body?.cancel()
    return answer.status === 404
  })
  assert.equal((await call(control, path)).status, 404)
})

test('a deleted recording is removed from the bucket, and its URLs are 404', async () => {
  const { streamId } = await recorded(['one'])
  await put(control, streamId, { kind: 'recording-delete-requested' })
  await until(
    'the bucket to be empty',
    async () => (await control.context.s3?.list(streamId, new AbortController().signal))?.length === 0,
  )
  await refused(control, fileOf(streamId, 'index.m3u8'), {}, 404, 'not_found')
})

test('any other path is 404 or 400', async () => {
  const { streamId } = await recorded(['one'])
  for (const path of [
    fileOf(streamId, 'index.html'),
    fileOf('b'.repeat(20), 'index.m3u8'),
    fileOf('x', '1.ts'),
  ]) {
    const { status } = await call(control, path)
    assert.ok(status === 404 || status === 400, `${path}: ${status}`)
  }
})
