// Programs that die in the middle of a broadcast: each is really killed, and the stack restarts it. Long because
// all of them share one stack, whose start takes longer than most of these tests.
import assert from 'node:assert/strict'
import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { EventSource } from 'eventsource'
import { EmbeddedMariadb } from '../../apps/stack/mariadb/embedded-mariadb.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { Encoder } from '../support/encoder.ts'
import { SseReader } from '../support/sse.ts'
import { type IssuedAnswer, type Program, TestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { Viewer } from '../support/viewer.ts'

/** The promise, counted from when everything is up again; a first playlist may take 4 s more. */
const RECOVERY_MS = 15_000

let mariadb: EmbeddedMariadb
let database: TestDatabase
let stack: TestStack

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'recovery-'))
  // Started by root, the stack runs as another user.
  await chmod(folder, 0o755)
  mariadb = await EmbeddedMariadb.start({ folder, env: process.env, onLine: () => {} })
  database = await createTestDatabase(mariadb.url())
  stack = await TestStack.start({ RECONNECT_WINDOW: '60' }, database)
})

after(async () => {
  await stack?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
  await mariadb?.[Symbol.asyncDispose]()
})

async function onAir(): Promise<{ stream: IssuedAnswer; encoder: Encoder }> {
  const stream = await stack.create()
  const encoder = publish(stream)
  await stack.reaches(stream.id, 'live')
  return { stream, encoder }
}

const publish = (stream: IssuedAnswer) => new Encoder(`${stack.rtmpUrl}/${stream.streamKey.value}`)

function kill(program: Program): void {
  const pid = stack.pidOf(program)
  assert.ok(pid, `${program} runs`)
  process.kill(pid, 'SIGKILL')
}

function signalDatabase(signal: NodeJS.Signals): void {
  assert.ok(mariadb.pid)
  process.kill(mariadb.pid, signal)
}

const upAgain = () => until('everything to be up again', () => stack.isReady(), 30_000)

/** The types of all events of a stream, from the log. */
async function announced(id: string): Promise<string[]> {
  const rows = await database.query('SELECT type FROM events WHERE stream_id = ? ORDER BY id', [id])
  return rows.map((row) => String(row.type).replace('stream.', ''))
}

test('control killed while live: the publisher stays connected, nothing is announced, and the stream continues', async () => {
  const { stream, encoder } = await onAir()
  await using _ = encoder
  kill('control')
  await upAgain()
  assert.ok(encoder.running)
  assert.equal((await stack.stream(stream.id)).status, 'live')
  await encoder.stop()
  await stack.reaches(stream.id, 'reconnecting', RECOVERY_MS)
  assert.deepEqual(await announced(stream.id), ['created', 'connecting', 'live', 'reconnecting'])
})

test('control killed before the first playlist: the stream goes live after the restart', async () => {
  const stream = await stack.create()
  await using encoder = publish(stream)
  await stack.reaches(stream.id, 'connecting')
  // Before, nginx still waits for the hook's answer, and would refuse the publisher without it.
  const stat = async () => (await fetch(`${stack.internalUrl}/stat`)).text()
  await until('nginx to have it', async () => (await stat()).includes(stream.id))
  kill('control')
  await upAgain()
  await stack.reaches(stream.id, 'live', RECOVERY_MS)
  assert.ok(encoder.running)
  assert.deepEqual(await announced(stream.id), ['created', 'connecting', 'live'])
})

test('a publisher that leaves while control is down is noticed after the restart', async () => {
  const { stream, encoder } = await onAir()
  kill('control')
  await encoder.stop()
  await upAgain()
  await stack.reaches(stream.id, 'reconnecting', RECOVERY_MS)
})

test('control killed right after the owner ended a stream: publisher and playlist end after the restart', async () => {
  const { stream, encoder } = await onAir()
  await using _ = encoder
  await stack.manage(stream.id, 'end', stream.streamKey.value)
  kill('control')
  await upAgain()
  await encoder.exited(RECOVERY_MS)
  await until('the end of the playlist', async () =>
    (await (await fetch(stream.playback.hls)).text()).includes('#EXT-X-ENDLIST'),
  )
})

test('a deadline that passes while control is down ends the stream after its restart', async () => {
  const { stream, encoder } = await onAir()
  await encoder.stop()
  await stack.reaches(stream.id, 'reconnecting')
  await database.query('UPDATE streams SET deadline_at = UTC_TIMESTAMP(3) + INTERVAL 1 SECOND WHERE id = ?', [
    stream.id,
  ])
  kill('control')
  await upAgain()
  const ended = await stack.reaches(stream.id, 'ended', RECOVERY_MS)
  assert.equal(ended.endReason, 'publisher_gone')
})

test('nginx’s worker killed: the lost publisher is noticed, and accepted when it returns', async () => {
  const { stream, encoder } = await onAir()
  kill('nginx-worker')
  await encoder.exited()
  await upAgain()
  await stack.reaches(stream.id, 'reconnecting', RECOVERY_MS)
  await using _back = publish(stream)
  await stack.reaches(stream.id, 'live', RECOVERY_MS)
  assert.deepEqual(await announced(stream.id), ['created', 'connecting', 'live', 'reconnecting', 'live'])
})

test('the database killed while live disturbs nobody', async () => {
  const { stream, encoder } = await onAir()
  await using _ = encoder
  await using reader = await SseReader.open(`${stack.url}/v1/events?stream=${stream.id}`)
  signalDatabase('SIGKILL')
  await upAgain()
  assert.ok(encoder.running)
  assert.ok(!reader.closed, 'readers stay connected')
  assert.equal((await stack.stream(stream.id)).status, 'live')
  await stack.manage(stream.id, 'end', stream.streamKey.value)
  await reader.frame('stream.ended')
})

test('a playlist that comes while the database is frozen is announced when it is back', async () => {
  const stream = await stack.create()
  await using encoder = publish(stream)
  await stack.reaches(stream.id, 'connecting')
  signalDatabase('SIGSTOP')
  try {
    await until('the playlist', async () => (await fetch(stream.playback.hls)).ok)
    const read = await fetch(`${stack.url}/v1/streams/${stream.id}`)
    assert.equal(read.status, 503)
    assert.equal(((await read.json()) as { code: string }).code, 'database_unavailable')
  } finally {
    signalDatabase('SIGCONT')
  }
  await stack.reaches(stream.id, 'live', RECOVERY_MS)
  assert.ok(encoder.running)
  assert.deepEqual(await announced(stream.id), ['created', 'connecting', 'live'])
})

test('a publisher that leaves while the database is frozen is noticed when it is back', async () => {
  const { stream, encoder } = await onAir()
  signalDatabase('SIGSTOP')
  try {
    await encoder.stop()
    await until('control to notice that the database does not answer', async () => !(await stack.isReady()))
  } finally {
    signalDatabase('SIGCONT')
  }
  await stack.reaches(stream.id, 'reconnecting', RECOVERY_MS)
})

test('a publisher that the database does not know is dropped', async () => {
  const { stream, encoder } = await onAir()
  await using _ = encoder
  // As after a restore of an older backup.
  await database.query('DELETE FROM streams WHERE id = ?', [stream.id])
  await encoder.exited(RECOVERY_MS)
})

test('everything killed at once: the publisher reconnects, and event readers miss nothing', async () => {
  const { stream, encoder } = await onAir()
  await using viewer = new Viewer('viewer', stack)
  await until('the viewer to be up to date', () => viewer.told.some((event) => event.streamId === stream.id))
  signalDatabase('SIGKILL')
  kill('control')
  kill('nginx-master')
  kill('public-nginx-master')
  await encoder.exited()
  await upAgain()
  await stack.reaches(stream.id, 'reconnecting', RECOVERY_MS)
  await using _back = await until('the publisher to be let back in', async () => {
    const again = publish(stream)
    const refused = await again.exited(2_000).then(
      () => true,
      () => false,
    )
    return refused ? null : again
  })
  await stack.reaches(stream.id, 'live', RECOVERY_MS)
  const due = await database.query('SELECT id FROM events WHERE was_live ORDER BY id')
  await until('the viewer to have every event', () => viewer.told.length >= due.length)
  assert.deepEqual(
    viewer.told.map((event) => event.id),
    due.map((row) => Number(row.id)),
  )
  assert.equal(viewer.resets, 0)
})

test('a deploy of control closes event streams cleanly, and their readers miss nothing', async () => {
  const { stream, encoder } = await onAir()
  await using _ = encoder
  await using reader = await SseReader.open(`${stack.url}/v1/events?stream=${stream.id}`)
  await using viewer = new Viewer('viewer', stack)
  await until('the viewer to be connected', () => viewer.connections > 0)
  const pid = stack.pidOf('control')
  assert.ok(pid)
  process.kill(pid, 'SIGTERM')
  await until('the end of the connection', () => reader.closed)
  assert.ok(reader.ended, 'a clean end, not a cut')
  await upAgain()
  assert.ok(encoder.running)
  await stack.manage(stream.id, 'end', stream.streamKey.value)
  await until('the viewer to come back', () =>
    viewer.told.some((event) => event.type === 'stream.ended' && event.streamId === stream.id),
  )
})

test('an EventSource comes back by itself after control was killed, as browsers do', async () => {
  const { stream, encoder } = await onAir()
  await using _ = encoder
  const source = new EventSource(`${stack.url}/v1/events`)
  try {
    await until('the EventSource to be open', () => source.readyState === EventSource.OPEN)
    let opened = 0
    source.addEventListener('open', () => {
      opened += 1
    })
    const ended = new Promise((resolve) => source.addEventListener('stream.ended', resolve))
    kill('control')
    await until('the EventSource to be open again', () => opened > 0, 30_000)
    await stack.manage(stream.id, 'end', stream.streamKey.value)
    await ended
  } finally {
    source.close()
  }
})
