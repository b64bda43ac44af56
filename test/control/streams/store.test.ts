import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { hashStreamKey } from '../../../apps/control/domain/keys.ts'
import type { Fact } from '../../../apps/control/domain/lifecycle.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'
import type { Stream } from '../../../apps/control/domain/stream.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { until } from '../../support/until.ts'
import { createStream, goLive, liveStream, put } from '../support/api.ts'

let control: TestControl
/** A second control on the same database, with its own queue, pools and cache. */
let other: TestControl

before(async () => {
  control = await startControl()
  other = await startControl({ database: control.database, env: { NODE_ID: 'other' } })
})
after(async () => {
  await other[Symbol.asyncDispose]()
  await control[Symbol.asyncDispose]()
})

async function eventTypes(id: string): Promise<unknown[]> {
  const rows = await control.database.query('SELECT type FROM events WHERE stream_id = ? ORDER BY id', [id])
  return rows.map((row) => row.type)
}

async function rowOf(id: string): Promise<Record<string, unknown> | undefined> {
  return (await control.database.query('SELECT * FROM streams WHERE id = ?', [id]))[0]
}

async function head(): Promise<number> {
  return (await control.context.log.bounds()).head
}

const end: Fact = { kind: 'end-requested', by: 'owner' }

test('many requests to end a stream, in two processes at once, change it once and make one event', async () => {
  const { id } = await liveStream(control)
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? control : other).context.streams.submit(id, end)),
  )
  assert.equal(results.filter((result) => result?.changed).length, 1)
  assert.equal(results.flatMap((result) => result?.events ?? []).length, 1)
  assert.ok(results.every((result) => result?.stream.status === 'ended'))
  const created = ['stream.created', 'stream.connecting', 'stream.live']
  assert.deepEqual(await eventTypes(id), [...created, 'stream.ended'])
})

test('different facts at once have the same result as one after the other', async () => {
  for (let round = 0; round < 10; round++) {
    const { id } = await liveStream(control)
    const gone: Fact = { kind: 'publisher-gone', session: { nodeId: 'test', nginx: null, clientId: 1 } }
    const seen: Fact = { kind: 'playlist-seen', nodeId: 'test', modifiedAt: new Date() }
    await Promise.all(
      [gone, end, seen, gone, end].map((fact, n) =>
        (n % 2 === 0 ? control : other).context.streams.submit(id, fact),
      ),
    )
    const after = (await eventTypes(id)).slice(3)
    assert.equal(after.at(-1), 'stream.ended')
    assert.ok(after.length === 1 || (after.length === 2 && after[0] === 'stream.reconnecting'), after.join())
  }
})

test('a decision that loses the race is made again on the newest state, and none is lost', async () => {
  const { id } = await createStream(control, { title: '' })
  const letters = ['a', 'b', 'c', 'd', 'e', 'f']
  await Promise.all(
    letters.map((letter, n) =>
      (n % 2 === 0 ? control : other).context.store.apply(id, (stream) => ({
        stream: { ...stream, title: (stream.title ?? '') + letter },
        events: [],
      })),
    ),
  )
  const row = await rowOf(id)
  assert.deepEqual([...String(row?.title)].sort(), letters)
  assert.equal(row?.version, 1 + letters.length)
})

test('a decision that changes nothing writes nothing, not even a version', async () => {
  const { id } = await createStream(control)
  const [before, headBefore] = [await rowOf(id), await head()]
  const result = await control.context.store.apply(id, (stream) => ({ stream, events: [] }))
  assert.equal(result?.changed, false)
  assert.deepEqual([await rowOf(id), await head()], [before, headBefore])
})

test('a stream is not created when its event can’t be written', async () => {
  const counts = () =>
    control.database.query('SELECT (SELECT COUNT(*) FROM streams) AS s, head FROM event_sequence')
  const before = await counts()
  await withoutRoomForEvents(async () => {
    await assert.rejects(control.context.streams.create({ title: 'lost', record: false }))
  })
  assert.deepEqual(await counts(), before)
})

test('a stream is not changed when its event can’t be written, and can be afterwards', async () => {
  const { id } = await liveStream(control)
  const [before, headBefore] = [await rowOf(id), await head()]
  await withoutRoomForEvents(async () => {
    await assert.rejects(control.context.streams.submit(id, end))
  })
  assert.deepEqual([await rowOf(id), await head()], [before, headBefore])
  assert.equal((await put(control, id, end)).status, 'ended')
  assert.deepEqual((await eventTypes(id)).filter((type) => type === 'stream.ended').length, 1)
})

test('a stream is created although a deadlock undoes its transaction', async () => {
  // The other side has more to lose, so that the database undoes the stream's transaction.
  const { database } = control
  await database.query('CREATE TABLE weight (id INT AUTO_INCREMENT PRIMARY KEY, n INT)')
  await database.query('INSERT INTO weight (n) VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9)')
  await database.query('BEGIN')
  await database.query('INSERT INTO weight (n) SELECT a.n FROM weight a, weight b, weight c')
  await database.query('SELECT * FROM event_sequence FOR UPDATE')
  const creating = createStream(control, { title: 'twice' })
  const waiting =
    "SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'UPDATE event_sequence%'"
  await until('the stream to wait for the sequence', async () => (await database.query(waiting)).length > 0)
  const [before] = await database.query("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
  await database.query('SELECT COUNT(*) FROM streams FOR UPDATE')
  const [after] = await database.query("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
  if (before !== undefined) assert.ok(Number(after?.Value) > Number(before.Value), 'there was a deadlock')
  await database.query('COMMIT')
  const { id } = await creating
  assert.deepEqual(await eventTypes(id), ['stream.created'])
  assert.equal((await rowOf(id))?.title, 'twice')
})

test('an unknown stream is null', async () => {
  const nobody = 'n'.repeat(20)
  assert.equal(await control.context.streams.submit(nobody, end), null)
  assert.equal(await control.context.store.find(nobody), null)
})

test('a stream is found by exactly its id', async () => {
  const { id } = await createStream(control)
  assert.equal((await control.context.store.find(id))?.id, id)
  for (const other of [`${id} `, id.toUpperCase(), id.slice(1), 'é', '😀', '', `${id}\0`]) {
    assert.equal(await control.context.store.find(other), null, other)
  }
})

test('a stream is found by its key’s hash, before and after it has ended', async () => {
  const issued = await createStream(control)
  const hash = hashStreamKey(new Secret(issued.streamKey.value))
  assert.equal((await control.context.store.findByKeyHash(hash))?.id, issued.id)
  await put(control, issued.id, end)
  assert.equal((await control.context.store.findByKeyHash(hash))?.id, issued.id)
})

test('every field is read back as it was stored, to the millisecond', async () => {
  const issued = await createStream(control, { title: `Grüße 🎥 ${'x'.repeat(112)}`, record: true })
  await goLive(control, issued)
  const when = (ms: number) => new Date(Date.UTC(2026, 1, 3, 4, 5, 6, ms))
  const full: Omit<Stream, 'id'> = {
    title: issued.title,
    record: true,
    status: 'ended',
    createdAt: when(1),
    connectedAt: when(2),
    liveAt: when(3),
    endedAt: when(4),
    endReason: 'ended_by_operator',
    keyHash: new Uint8Array(32).fill(255),
    keyExpiresAt: when(5),
    replacedKeyHash: new Uint8Array(32).fill(254),
    deadlineAt: when(6),
    publicUrl: 'https://münchen.example',
    nodeId: 'node-1',
    session: {
      nodeId: 'node-1',
      nginx: '1.2-3',
      clientId: Number.MAX_SAFE_INTEGER,
      acceptedAt: when(7),
      baselineAt: when(999),
    },
    publisherAddress: '2001:db8:ffff:ffff:ffff:ffff:192.168.100.228',
    playlistOpen: true,
    deletedAt: null,
    recording: {
      status: 'failed',
      storage: 's3',
      finishedAt: when(8),
      durationMs: 4_000_000_000,
      sizeBytes: 2 ** 45,
      missingSegments: 3,
      hasPlaylist: true,
      hasMp4: false,
      hasPoster: true,
      failure: 'disk_full',
      parts: [
        {
          nodeId: 'node-1',
          storageId: 's3',
          publicUrl: 'http://é.example/"\\',
          stored: { segments: 3, sizeBytes: 2 ** 45 },
        },
        { nodeId: 'node-2', storageId: 'x'.repeat(21), publicUrl: 'http://b.example', stored: null },
      ],
    },
  }
  await control.context.store.apply(issued.id, () => ({ stream: { ...full, id: issued.id }, events: [] }))
  assert.deepEqual(await control.context.store.find(issued.id), { ...full, id: issued.id })
})

test('overdue streams are listed earliest deadline first, and no more than asked for', async () => {
  const now = Date.now() + 10 * 24 * 60 * 60 * 1000
  const ids: string[] = []
  for (const ms of [3_000, 1_000, 2_000, -1]) {
    const { id } = await createStream(control)
    const deadlineAt = new Date(now - ms)
    await control.context.store.apply(id, (stream) => ({
      stream: { ...stream, createdAt: new Date(0), deadlineAt },
      events: [],
    }))
    ids.push(id)
  }
  const far = new Date(now - 4_000)
  const before = await control.context.store.overdue(far, 1_000)
  const overdue = (await control.context.store.overdue(new Date(now), 1_000)).filter(
    (id) => !before.includes(id),
  )
  assert.deepEqual(overdue, [ids[0], ids[2], ids[1]])
  assert.equal((await control.context.store.overdue(new Date(now), 2)).length, 2)
})

/** While `work` runs, the database refuses every new event. */
async function withoutRoomForEvents(work: () => Promise<void>): Promise<void> {
  await control.database.query(
    "CREATE TRIGGER no_events BEFORE INSERT ON events FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'full'",
  )
  try {
    await work()
  } finally {
    await control.database.query('DROP TRIGGER no_events')
  }
}
