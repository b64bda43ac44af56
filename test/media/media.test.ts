// Media in a process of its own: killed, asked again, and asked by a control that was killed itself.
import assert from 'node:assert/strict'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RecordingResource } from '../../apps/control/api/recording-schemas.ts'
import type { MediaClient } from '../../apps/control/media/media-client.ts'
import { MediaRefusedError, MediaUnavailableError } from '../../apps/control/media/media-client.ts'
import { liveStream } from '../control/support/api.ts'
import { HlsWriter } from '../control/support/hls-writer.ts'
import {
  type Broadcast,
  end,
  hasSegments,
  RecordingFixture,
  recordingOf,
} from '../control/support/recording-fixture.ts'
import type { TestControl } from '../support/control.ts'
import { processesOf } from '../support/leftovers.ts'
import { MediaProcess, type MediaProcessOptions, mediaClient } from '../support/media-process.ts'
import { until } from '../support/until.ts'

/** So many that the MP4 takes some seconds: each is probed by itself. */
const RUNS = 12
const MP4_MS = 60_000
let fixture: RecordingFixture
before(async () => {
  fixture = await RecordingFixture.create()
})
after(() => fixture[Symbol.asyncDispose]())

function besides(control: TestControl): MediaProcessOptions {
  const { hlsDir, recordingsDir } = control
  return { socket: control.context.config.mediaSocket, hlsDir, recordingsDir }
}

/** A broadcast that is over and whose MP4 takes long to make. */
async function longBroadcast(control: TestControl): Promise<Broadcast> {
  const live = await fixture.broadcast(control)
  for (let run = 1; run < RUNS; run++) await live.hls.segment(fixture.segment, true)
  await hasSegments(live.folder, RUNS)
  await end(control, live)
  return live
}

async function jobRuns(client: MediaClient, { issued }: Broadcast): Promise<void> {
  const status = async () => (await client.job(issued.id).catch(() => null))?.status
  await until('the job to run', async () => (await status()) === 'running')
}

async function isReady(control: TestControl, { issued }: Broadcast): Promise<RecordingResource> {
  const ready = async () => {
    const recording = await recordingOf(control, issued.id)
    return recording?.status === 'ready' && recording
  }
  return until('the recording to be ready', ready, MP4_MS)
}

/** The programs that work on a broadcast; a sandbox has its folders in the command line. */
function workers({ folder }: Broadcast): string[] {
  return processesOf(folder)
    .map(({ name }) => name)
    .filter((name) => name !== 'MainThread' && name !== 'node')
}

const AWAY = 'media (pictures and MP4s) does not answer'

const countOf = (text: string | readonly string[], part: string) =>
  (typeof text === 'string' ? text : text.join('')).split(part).length - 1

test('media killed while an MP4 is made leaves no ffmpeg, and the next makes it', async () => {
  await using control = await fixture.start({ media: false })
  const options = besides(control)
  const first = await MediaProcess.start(options)
  const live = await longBroadcast(control)
  await jobRuns(mediaClient(options), live)
  await until('ffmpeg at work', () => workers(live).length > 0)
  await first.kill()
  await until('no ffmpeg', () => workers(live).length === 0, 2_000)
  assert.equal((await control.context.store.find(live.issued.id))?.recording?.status, 'processing')
  await using _second = await MediaProcess.start(options)
  const ready = await isReady(control, live)
  assert.ok(ready.download.mp4 && ready.poster)
  assert.deepEqual(await readdir(join(control.recordingsDir, '.work', control.context.config.nodeId)), [])
})

test('a recording waits for media, and the log says once that it is away and once that it is back', async () => {
  await using control = await fixture.start({ media: false })
  const live = await fixture.broadcast(control)
  await end(control, live)
  await until('a line in the log', () => countOf(control.logLines, AWAY) > 0)
  await using _media = await MediaProcess.start(besides(control))
  await until('the poster', () => stat(join(live.folder, 'poster.jpg')).catch(() => null))
  const ready = await isReady(control, live)
  assert.ok(ready.download.mp4 && ready.poster)
  assert.equal(countOf(control.logLines, AWAY), 1)
})

test('an MP4 goes on while control is restarted, and is made once', async () => {
  const node = fixture.newNode()
  const first = await fixture.start({ node, media: false })
  const socket = join(fixture.root, 'media', 'media.sock')
  const options = { ...besides(first), socket }
  await first[Symbol.asyncDispose]()
  await using media = await MediaProcess.start(options)
  const env = { MEDIA_SOCKET: socket }
  let live: Broadcast
  {
    await using control = await fixture.start({ node, media: false, env })
    live = await longBroadcast(control)
    await jobRuns(mediaClient(options), live)
  }
  assert.equal((await mediaClient(options).job(live.issued.id))?.status, 'running')
  await using control = await fixture.start({ node, media: false, env })
  control.context.startRounds()
  const ready = await isReady(control, live)
  assert.ok(ready.download.mp4)
  assert.equal(countOf(media.output, 'a job was asked for'), 1)
  assert.equal(await mediaClient(options).job(live.issued.id), null)
})

test('media killed while 50 viewers ask for thumbnails: they get a picture, 503, and pictures again', async () => {
  await using control = await fixture.start({ media: false })
  const options = besides(control)
  const first = await MediaProcess.start(options)
  const streams = await Promise.all(Array.from({ length: 50 }, () => liveStream(control)))
  for (const { id } of streams) await new HlsWriter(control.hlsDir, id).segment(fixture.segment)
  const ask = async (id: string) => fetch(`${control.apiUrl}/v1/streams/${id}/thumbnail.jpg`)
  const asking = Promise.all(streams.map(({ id }) => ask(id)))
  await until('ffmpeg at work', () => countOf(first.output, 'ffmpeg runs') === 1)
  await first.kill()
  for (const answer of await asking) assert.ok([200, 503].includes(answer.status), `${answer.status}`)
  const other = await liveStream(control)
  await new HlsWriter(control.hlsDir, other.id).segment(fixture.segment)
  const away = await ask(other.id)
  assert.equal(away.status, 503)
  assert.equal(((await away.json()) as { code: string }).code, 'media_unavailable')
  assert.ok(away.headers.get('retry-after'))
  await using _second = await MediaProcess.start(options)
  const back = await ask(other.id)
  assert.equal(back.headers.get('content-type'), 'image/jpeg')
  await until('no ffmpeg', () => processesOf(control.hlsDir).every(({ name }) => name !== 'ffmpeg'))
})

test('media takes no names that lead out of its folders, and no unknown job', async () => {
  await using control = await fixture.start({ media: true })
  const client = mediaClient(besides(control))
  const { signal } = new AbortController()
  await mkdir(join(control.hlsDir, 'x'), { recursive: true })
  for (const name of [
    '/etc/passwd',
    `${control.hlsDir}/x/../../../../etc/passwd`,
    `${control.hlsDir}/none.ts`,
  ])
    await assert.rejects(client.picture(name, 'last', { signal, timeoutMs: 5_000 }), MediaRefusedError)
  await assert.rejects(client.startMp4('../x', '1', control.recordingsDir, []), MediaRefusedError)
  assert.equal(await client.job('none'), null)
  const elsewhere = mediaClient({ ...besides(control), socket: '/tmp/there-is-no-socket' })
  await assert.rejects(elsewhere.job('none'), MediaUnavailableError)
})

test('only this user may use media’s socket', async () => {
  await using control = await fixture.start({ media: true })
  const { mode } = await stat(control.context.config.mediaSocket)
  assert.equal(mode & 0o777, 0o600)
})
