import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { RecordingResource } from '../../../apps/control/api/recording-schemas.ts'
import type { IssuedStreamResource } from '../../../apps/control/api/stream-schemas.ts'
import { DatabaseUnavailableError } from '../../../apps/control/database/deadline.ts'
import type { Fact } from '../../../apps/control/domain/lifecycle.ts'
import { HlsFolder } from '../../../apps/control/playlists/hls-folder.ts'
import { startControl, type TestControl, type TestControlOptions } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'
import { call, createStream, goLive, put, readStream } from '../support/api.ts'
import { HlsWriter } from '../support/hls-writer.ts'

const END: Fact = { kind: 'end-requested', by: 'owner' }
/** Three seconds of ffmpeg's test picture with sound, as a segment. */
let picture: Buffer
let root: string
let database: TestDatabase

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'recorder-'))
  database = await createTestDatabase()
  picture = execFileSync('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=15', '-f', 'lavfi', '-i', 'sine'],
    ...['-t', '3', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
    ...['-f', 'mpegts', 'pipe:1'],
  ])
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await rm(root, { recursive: true })
})

let nodes = 0
/** Control on folders that outlive it. */
async function start(options: TestControlOptions & { place?: string } = {}): Promise<TestControl> {
  const place = options.place ?? `node-${++nodes}`
  return startControl({
    ...{ database, hlsDir: join(root, place, 'hls'), recordingsDir: join(root, place, 'recordings') },
    ...options,
    env: { NODE_ID: place, ...options.env },
  })
}

interface Broadcast {
  readonly issued: IssuedStreamResource
  readonly hls: HlsWriter
  readonly folder: string
}

/** A live stream whose first segment is kept. */
async function broadcast(control: TestControl): Promise<Broadcast> {
  const issued = await createStream(control, { title: 'kept', record: true })
  const hls = new HlsWriter(control.hlsDir, issued.id)
  await hls.segment(picture)
  await goLive(control, issued)
  const folder = join(control.recordingsDir, issued.id)
  await until('the first segment', async () => (await segmentsIn(folder)).length === 1)
  return { issued, hls, folder }
}

/** The storage fails for this stream until what is returned is called. */
async function takeAway({ folder }: Broadcast): Promise<() => Promise<void>> {
  await rename(folder, `${folder}.away`)
  await writeFile(folder, 'in the way')
  return async () => {
    await rm(folder)
    await rename(`${folder}.away`, folder)
  }
}

/** Ends a stream as if nginx had let go of it. */
async function end(control: TestControl, { issued }: Broadcast): Promise<void> {
  await put(control, issued.id, END)
  await put(control, issued.id, { kind: 'playlist-closed', nodeId: control.context.config.nodeId })
}

const segmentsIn = async (folder: string) =>
  (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.ts'))

async function recordingOf(control: TestControl, id: string): Promise<RecordingResource | null> {
  const { status, body } = await call<RecordingResource>(control, `/v1/streams/${id}/recording`)
  return status === 200 ? body : null
}

async function reaches(control: TestControl, id: string, status: string): Promise<RecordingResource> {
  return until(`a ${status} recording`, async () => {
    const recording = await recordingOf(control, id)
    return recording?.status === status && recording
  })
}

async function eventTypes(id: string): Promise<unknown[]> {
  const sql = "SELECT type FROM events WHERE stream_id = ? AND type LIKE 'recording.%' ORDER BY id"
  return (await database.query(sql, [id])).map((row) => row.type)
}

test('keeps segments while the stream is live, and makes a recording of them when it is over', async () => {
  await using control = await start()
  const live = await broadcast(control)
  await live.hls.segment(picture)
  await until('both segments to be kept', async () => (await segmentsIn(live.folder)).length === 2)
  const underWay = await until('its progress', async () => {
    const recording = await recordingOf(control, live.issued.id)
    return recording?.durationS === 6 && recording
  })
  assert.equal(underWay.status, 'recording')
  assert.deepEqual(
    [underWay.playback.hls, underWay.download.mp4, underWay.poster, underWay.error],
    [null, null, null, null],
  )
  await live.hls.segment(picture, true)
  await end(control, live)
  const ready = await reaches(control, live.issued.id, 'ready')
  assert.deepEqual([ready.durationS, ready.missingSegments, ready.title], [9, 0, 'kept'])
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
  // Three times the same three seconds, the third in a run of its own with timestamps from the beginning.
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
  assert.deepEqual(await eventTypes(live.issued.id), ['recording.ready'])
  assert.deepEqual((await readStream(control, live.issued.id)).recording, ready)
  assert.deepEqual(await readdir(join(control.recordingsDir, '.work', control.context.config.nodeId)), [])
})

test('a stream that is not to be recorded is not', async () => {
  await using control = await start()
  const issued = await createStream(control)
  const hls = new HlsWriter(control.hlsDir, issued.id)
  await hls.segment(picture)
  await goLive(control, issued)
  await put(control, issued.id, END)
  assert.equal((await readStream(control, issued.id)).recording, null)
  assert.deepEqual(await readdir(control.recordingsDir), [])
})

test('waits for nginx to let go, and so for the last segment', async () => {
  await using control = await start()
  const live = await broadcast(control)
  await put(control, live.issued.id, END)
  assert.equal((await recordingOf(control, live.issued.id))?.status, 'processing')
  await live.hls.segment(picture)
  await put(control, live.issued.id, { kind: 'playlist-closed', nodeId: control.context.config.nodeId })
  assert.equal((await reaches(control, live.issued.id, 'ready')).durationS, 6)
})

describe('another process takes up where one has stopped', () => {
  test('while the stream is live', async () => {
    const place = `node-${++nodes}`
    let live: Broadcast
    {
      await using control = await start({ place })
      live = await broadcast(control)
    }
    await live.hls.segment(picture)
    await using control = await start({ place })
    control.context.recorder.startRounds()
    await until('the second segment', async () => (await segmentsIn(live.folder)).length === 2)
    await end(control, live)
    assert.equal((await reaches(control, live.issued.id, 'ready')).durationS, 6)
    assert.deepEqual(await eventTypes(live.issued.id), ['recording.ready'])
  })

  test('when it was over meanwhile', async () => {
    const place = `node-${++nodes}`
    let live: Broadcast
    let giveBack: () => Promise<void>
    {
      await using control = await start({ place })
      live = await broadcast(control)
      giveBack = await takeAway(live)
      await live.hls.segment(picture)
      await end(control, live)
    }
    await giveBack()
    await using control = await start({ place })
    assert.equal((await recordingOf(control, live.issued.id))?.status, 'processing')
    control.context.recorder.startRounds()
    assert.equal((await reaches(control, live.issued.id, 'ready')).durationS, 6)
  })

  test('and removes what was to be removed', async () => {
    const place = `node-${++nodes}`
    let live: Broadcast
    {
      await using control = await start({ place })
      live = await broadcast(control)
    }
    await database.query("UPDATE streams SET recording_status = 'deleting' WHERE id = ?", [live.issued.id])
    await using control = await start({ place })
    control.context.recorder.startRounds()
    await until(
      'its folder to be gone',
      async () => !(await readdir(control.recordingsDir)).includes(live.issued.id),
    )
  })
})

describe('a storage that fails', () => {
  test('for a while delays, and then has all of it', async () => {
    await using control = await start()
    const live = await broadcast(control)
    const giveBack = await takeAway(live)
    await live.hls.segment(picture)
    await until('the failure to be told', () =>
      control.logLines.some((line) => line.includes('a recording is held up')),
    )
    await giveBack()
    await until('both segments', async () => (await segmentsIn(live.folder)).length === 2)
    await end(control, live)
    assert.equal((await reaches(control, live.issued.id, 'ready')).missingSegments, 0)
  })

  test('for too long ends the recording, names what is safe, and leaves the stream alone', async () => {
    await using control = await start({ env: { RECORDINGS_PATIENCE: '2' } })
    const live = await broadcast(control)
    await takeAway(live)
    await live.hls.segment(picture)
    const failed = await reaches(control, live.issued.id, 'failed')
    assert.deepEqual(
      [failed.error?.code, failed.durationS, failed.sizeBytes, failed.playback.hls],
      ['storage_unavailable', 3, picture.length, null],
    )
    assert.deepEqual(await eventTypes(live.issued.id), ['recording.failed'])
    assert.equal((await readStream(control, live.issued.id)).status, 'live')
  })

  test('that has not even said what it holds is not said to hold nothing', async () => {
    const place = `node-${++nodes}`
    let live: Broadcast
    {
      await using control = await start({ place })
      live = await broadcast(control)
    }
    await takeAway(live)
    await using control = await start({ place, env: { RECORDINGS_PATIENCE: '0.5' } })
    control.context.recorder.startRounds()
    const failed = await reaches(control, live.issued.id, 'failed')
    assert.deepEqual([failed.durationS, failed.sizeBytes], [null, null])
  })

  test('only at poster and MP4 leaves a recording without them', async () => {
    await using control = await start()
    const live = await broadcast(control)
    // Where both are made.
    await writeFile(join(control.recordingsDir, '.work'), 'in the way')
    await end(control, live)
    const { playback, poster, download } = await reaches(control, live.issued.id, 'ready')
    assert.ok(playback.hls)
    assert.deepEqual([poster, download.mp4], [null, null])
  })

  test('while it is finished is waited for, and what was finished is not made again', async () => {
    await using control = await start()
    const live = await broadcast(control)
    const { streams } = control.context
    const submit = streams.submit.bind(streams)
    let refusals = 0
    streams.submit = (id, fact) => {
      if (fact.kind !== 'recording-finished' || refusals >= 2) return submit(id, fact)
      refusals += 1
      return Promise.reject(new DatabaseUnavailableError('as the test wants it'))
    }
    const mp4 = join(live.folder, 'recording.mp4')
    await end(control, live)
    const { ino } = await until('the MP4', () => stat(mp4).catch(() => null))
    await reaches(control, live.issued.id, 'ready')
    assert.equal(refusals, 2)
    assert.equal((await stat(mp4)).ino, ino)
  })
})

describe('another node', () => {
  /** Control whose certainty about who is alive a test decides. */
  async function other(place: string, others: { alive: string[]; isCertain: boolean }): Promise<TestControl> {
    const control = await start({ place, env: { NODE_ID: `other-${++nodes}`, RECORDINGS_PATIENCE: '0.3' } })
    control.context.lease.others = async () => ({ ...others, gone: [] })
    return control
  }

  /** A broadcast that was over while its node, which kept one segment of it, was away. */
  async function orphan(): Promise<{ place: string; live: Broadcast }> {
    const place = `node-${++nodes}`
    await using control = await start({ place })
    const live = await broadcast(control)
    await control.context.recorder[Symbol.asyncDispose]()
    await put(control, live.issued.id, END)
    return { place, live }
  }

  test('finishes what a node that is gone has left, where it can reach it', async () => {
    const { place, live } = await orphan()
    await using control = await other(place, { alive: [], isCertain: true })
    control.context.recorder.startRounds()
    await delay(400)
    await control.context.recorder.round()
    assert.equal((await reaches(control, live.issued.id, 'ready')).durationS, 3)
  })

  test('leaves it alone as long as the node may live', async () => {
    for (const others of [
      { alive: [`node-${nodes + 1}`], isCertain: true },
      { alive: [], isCertain: false },
    ]) {
      const { place, live } = await orphan()
      await using control = await other(place, others)
      await delay(400)
      await control.context.recorder.round()
      await delay(500)
      assert.equal((await recordingOf(control, live.issued.id))?.status, 'processing')
      assert.equal(control.context.recorder.jobCount, 0)
    }
  })

  test('that took the broadcast over says what becomes of it; this one only brings in its part', async () => {
    await using control = await start()
    const live = await broadcast(control)
    await database.query("UPDATE streams SET node_id = 'elsewhere', version = version + 1 WHERE id = ?", [
      live.issued.id,
    ])
    await live.hls.segment(picture)
    await control.context.recorder.round()
    await until('its second segment', async () => (await segmentsIn(live.folder)).length === 2)
    await put(control, live.issued.id, END)
    await new HlsFolder(control.hlsDir).close(live.issued.id)
    await until('its part to be done', () => control.context.recorder.jobCount === 0)
    assert.equal((await recordingOf(control, live.issued.id))?.status, 'processing')
  })
})

test('a disk that is nearly full stops the recording, and what is kept can be played', async () => {
  await using control = await start()
  const live = await broadcast(control)
  const place = control.context.config.nodeId
  await control[Symbol.asyncDispose]()
  const full = { RECORDINGS_MIN_FREE_BYTES: String(Number.MAX_SAFE_INTEGER) }
  await using tight = await start({ place, env: full })
  tight.context.recorder.startRounds()
  const failed = await reaches(tight, live.issued.id, 'failed')
  assert.deepEqual([failed.error?.code, failed.durationS], ['disk_full', 3])
  assert.ok(failed.playback.hls)
  assert.match(await readFile(join(live.folder, 'index.m3u8'), 'utf8'), /#EXTINF:3,\n.*\n#EXT-X-ENDLIST/)
  assert.equal((await readStream(tight, live.issued.id)).status, 'live')
})

test('a broadcast of which nothing is there fails in words', async () => {
  await using control = await start()
  const issued = await createStream(control, { record: true })
  await goLive(control, issued)
  await put(control, issued.id, END)
  await put(control, issued.id, { kind: 'playlist-closed', nodeId: control.context.config.nodeId })
  const failed = await reaches(control, issued.id, 'failed')
  assert.equal(failed.error?.code, 'nothing_recorded')
  assert.match(failed.error?.detail ?? '', /Nothing/)
})

test('what has no pictures in it is a recording all the same, without poster and MP4', async () => {
  await using control = await start()
  const issued = await createStream(control, { record: true })
  const hls = new HlsWriter(control.hlsDir, issued.id)
  await hls.segment('no transport stream at all')
  await goLive(control, issued)
  await end(control, { issued, hls, folder: '' })
  const ready = await reaches(control, issued.id, 'ready')
  assert.deepEqual([ready.poster, ready.download.mp4], [null, null])
  assert.ok(ready.playback.hls)
})

describe('deleting', () => {
  test('while it is being finished stops that and removes all of it', async () => {
    await using control = await start()
    const live = await broadcast(control)
    for (let n = 0; n < 30; n++) await live.hls.segment(picture)
    await until('all segments', async () => (await segmentsIn(live.folder)).length === 31)
    await end(control, live)
    await until('the playlist', async () => (await readdir(live.folder)).includes('index.m3u8'))
    await put(control, live.issued.id, { kind: 'recording-delete-requested' })
    await until(
      'its folder to be gone',
      async () => !(await readdir(control.recordingsDir)).includes(live.issued.id),
    )
    await until('the job to be done', () => control.context.recorder.jobCount === 0)
    assert.ok(!(await readdir(control.recordingsDir)).includes(live.issued.id))
    assert.equal(await recordingOf(control, live.issued.id), null)
    assert.deepEqual(await eventTypes(live.issued.id), [])
  })

  test('while it is being recorded ends the recording, not the stream', async () => {
    await using control = await start()
    const live = await broadcast(control)
    const path = `/v1/streams/${live.issued.id}/recording`
    const answer = await call(control, path, { method: 'DELETE', token: live.issued.streamKey.value })
    assert.equal(answer.status, 204, answer.text)
    assert.equal(await recordingOf(control, live.issued.id), null)
    await until(
      'its folder to be gone',
      async () => !(await readdir(control.recordingsDir)).includes(live.issued.id),
    )
    await live.hls.segment(picture)
    await end(control, live)
    assert.equal((await readStream(control, live.issued.id)).recording, null)
    assert.deepEqual(await eventTypes(live.issued.id), [])
  })
})
