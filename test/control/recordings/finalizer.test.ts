// What is made of a broadcast once it is over: playlist, poster and MP4.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { DatabaseUnavailableError } from '../../../apps/control/database/deadline.ts'
import { until } from '../../support/until.ts'
import { createStream, goLive, readStream } from '../support/api.ts'
import { HlsWriter } from '../support/hls-writer.ts'
import { end, hasSegments, RecordingFixture, reaches } from '../support/recording-fixture.ts'

let fixture: RecordingFixture
before(async () => {
  fixture = await RecordingFixture.create()
})
after(() => fixture[Symbol.asyncDispose]())

test('a recording has a playlist, a poster, and an MP4 of all its segments', async () => {
  await using control = await fixture.start()
  const live = await fixture.broadcast(control)
  await live.hls.segment(fixture.segment)
  await hasSegments(live.folder, 2)
  await live.hls.segment(fixture.segment, true)
  await end(control, live)
  const ready = await reaches(control, live.issued.id, 'ready')
  assert.deepEqual([ready.durationS, ready.missingSegments, ready.title], [9, 0, 'recorded'])
  const url = `${control.context.config.publicUrl}/recordings/${live.issued.id}`
  assert.deepEqual(
    [ready.playback.hls, ready.download.mp4, ready.poster],
    [`${url}/index.m3u8`, `${url}/recording.mp4`, `${url}/poster.jpg`],
  )
  const files = await readdir(live.folder)
  assert.equal(files.length, 6, files.join())
  const bytes = await Promise.all(files.map(async (name) => (await readFile(join(live.folder, name))).length))
  assert.equal(
    ready.sizeBytes,
    bytes.reduce((sum, size) => sum + size, 0),
  )
  const playlist = await readFile(join(live.folder, 'index.m3u8'), 'utf8')
  assert.equal(playlist.match(/#EXT-X-DISCONTINUITY/g)?.length, 2)
  assert.equal(playlist.match(/#EXTINF/g)?.length, 3)
  // The same three seconds three times; the third is a run of its own, whose timestamps start again.
  const times = execFileSync('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0'],
    join(live.folder, 'recording.mp4'),
  ])
    .toString()
    .trim()
    .split('\n')
    .map(Number)
    .sort((a, b) => a - b)
  assert.equal(times.length, 3 * 45)
  assert.ok(Math.abs((times.at(-1) ?? 0) - (times[0] ?? 0) - 9) < 0.3, `${times[0]} to ${times.at(-1)}`)
  assert.deepEqual(await fixture.eventTypes(live.issued.id), ['recording.ready'])
  assert.deepEqual((await readStream(control, live.issued.id)).recording, ready)
  assert.deepEqual(await readdir(join(control.recordingsDir, '.work', control.context.config.nodeId)), [])
})

test('a recording is ready without poster and MP4 when the disk fails only for those', async () => {
  await using control = await fixture.start()
  const live = await fixture.broadcast(control)
  // Both are made in this folder.
  await writeFile(join(control.recordingsDir, '.work'), 'a file where a folder should be')
  await end(control, live)
  const { playback, poster, download } = await reaches(control, live.issued.id, 'ready')
  assert.ok(playback.hls)
  assert.deepEqual([poster, download.mp4], [null, null])
})

test('a recording is ready without poster and MP4 when its segments hold no video', async () => {
  await using control = await fixture.start()
  const issued = await createStream(control, { record: true })
  const hls = new HlsWriter(control.hlsDir, issued.id)
  await hls.segment('no transport stream at all')
  await goLive(control, issued)
  await end(control, { issued })
  const ready = await reaches(control, issued.id, 'ready')
  assert.deepEqual([ready.poster, ready.download.mp4], [null, null])
  assert.ok(ready.playback.hls)
})

test('while the database is unreachable nothing that is finished is made again', async () => {
  await using control = await fixture.start()
  const live = await fixture.broadcast(control)
  const { streams } = control.context
  const submit = streams.submit.bind(streams)
  let refusals = 0
  streams.submit = (id, fact) => {
    if (fact.kind !== 'recording-finished' || refusals >= 2) return submit(id, fact)
    refusals += 1
    return Promise.reject(new DatabaseUnavailableError('the test makes it fail'))
  }
  const mp4 = join(live.folder, 'recording.mp4')
  await end(control, live)
  const { ino } = await until('the MP4', () => stat(mp4).catch(() => null))
  await reaches(control, live.issued.id, 'ready')
  assert.equal(refusals, 2)
  assert.equal((await stat(mp4)).ino, ino)
})
