import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Database } from '../../../apps/control/database/database.ts'
import { Prisma } from '../../../apps/control/database/generated/client.ts'
import { createMigratedDatabase, MIGRATIONS_DIR, type TestDatabase } from '../../support/database.ts'

let own: TestDatabase
let database: Database
before(async () => {
  own = await createMigratedDatabase()
  database = new Database(own.url)
  await database.open()
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

interface Column {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
}

const NATIVE: Readonly<Record<string, string>> = {
  UnsignedInt: 'int unsigned',
  UnsignedBigInt: 'bigint unsigned',
  UnsignedTinyInt: 'tinyint unsigned',
  Text: 'text',
}

/** The tables that prisma/schema.prisma describes, with the column types that Prisma derives from it. */
async function expectedTables(): Promise<Map<string, { columns: Column[]; indexes: string[] }>> {
  const schema = await readFile(join(MIGRATIONS_DIR, '../schema.prisma'), 'utf8')
  const enums = new Map(
    [...schema.matchAll(/^enum (\w+) \{([^}]*)\}/gm)].map(([, name = '', body = '']) => [
      name,
      `enum(${body
        .trim()
        .split(/\s+/)
        .map((value) => `'${value}'`)
        .join(',')})`,
    ]),
  )
  const models = [...schema.matchAll(/^model \w+ \{([\s\S]*?)^\}/gm)].map(([, body = '']) => body)
  return new Map(
    models.map((body) => {
      const table = /@@map\("(\w+)"\)/.exec(body)?.[1] ?? ''
      const lines = body.split('\n').map((line) => line.trim())
      const fields = lines.filter((line) => /^[a-z]\w* +[A-Z]/.test(line))
      const indexes = [...body.matchAll(/(?:@@index\(.*|@unique\()map: "(\w+)"/g)].map(
        ([, name = '']) => name,
      )
      return [
        table,
        { columns: fields.map((line) => columnOf(line, enums)), indexes: ['PRIMARY', ...indexes].sort() },
      ]
    }),
  )
}

function columnOf(line: string, enums: ReadonlyMap<string, string>): Column {
  const [field = '', type = ''] = line.split(/ +/)
  const name = /@map\("(\w+)"\)/.exec(line)?.[1] ?? field
  const native = /@db\.(\w+)(\(\d+\))?/.exec(line)
  const plain = type.replace('?', '')
  const sql = native
    ? (NATIVE[native[1] ?? ''] ?? `${native[1]?.toLowerCase()}${native[2] ?? ''}`)
    : (enums.get(plain) ?? (plain === 'Boolean' ? 'tinyint' : plain))
  return { name, type: sql, nullable: type.endsWith('?') }
}

test('the tables match prisma/schema.prisma: columns, types, nullability, indexes', async () => {
  const expected = await expectedTables()
  const tables = await own.query(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_name <> '_prisma_migrations'`,
  )
  assert.deepEqual([...expected.keys()].sort(), tables.map((row) => String(row.name)).sort())
  for (const [table, { columns, indexes }] of expected) {
    const rows = await own.query(
      `SELECT column_name AS name, column_type AS type, is_nullable AS nullable FROM information_schema.columns
       WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`,
      [table],
    )
    const found = rows.map((row) => ({
      name: String(row.name),
      // MariaDB reports a display width for integers, MySQL 8 does not; it has no effect.
      type: String(row.type).replace(/int\(\d+\)/, 'int'),
      nullable: row.nullable === 'YES',
    }))
    assert.deepEqual(found, columns, table)
    const there = await own.query(
      'SELECT DISTINCT index_name AS name FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ?',
      [table],
    )
    assert.deepEqual(there.map((row) => String(row.name)).sort(), indexes, table)
  }
})

test('the generated client has the same models and columns', async () => {
  assert.equal(Object.keys(Prisma.ModelName).length, (await expectedTables()).size)
  assert.equal(Object.keys(Prisma.StreamScalarFieldEnum).length, 34)
})

test('every column of streams and events is read back as it was written', async () => {
  const when = (ms: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, 5, ms))
  const stream = {
    id: 'z'.repeat(20),
    title: '🎥'.repeat(120),
    record: true,
    status: 'reconnecting' as const,
    version: 4_294_967_295,
    createdAt: when(1),
    connectedAt: when(2),
    liveAt: when(3),
    endedAt: when(4),
    endReason: 'publisher_gone' as const,
    keyHash: new Uint8Array(32).map((_, index) => index * 8),
    keyExpiresAt: when(5),
    replacedKeyHash: new Uint8Array(32).fill(7),
    deadlineAt: when(6),
    publicUrl: `https://${'x'.repeat(247)}`,
    nodeId: 'n'.repeat(64),
    sessionNginx: 's'.repeat(64),
    sessionClientId: 2n ** 64n - 1n,
    sessionAcceptedAt: when(7),
    sessionBaselineAt: when(999),
    publisherAddress: '2001:db8:ffff:ffff:ffff:ffff:192.168.100.228',
    playlistOpen: true,
    recordingStatus: 'processing' as const,
    recordingStorage: 's3' as const,
    recordingFinishedAt: when(9),
    recordingDurationMs: 4_294_967_295,
    recordingSizeBytes: 2n ** 64n - 1n,
    recordingMissingSegments: 4_294_967_295,
    recordingHasPlaylist: true,
    recordingHasMp4: true,
    recordingHasPoster: true,
    recordingFailure: 'storage_unavailable' as const,
    recordingParts: 'é'.repeat(30_000),
    deletedAt: when(10),
  }
  const event = {
    id: 2n ** 63n,
    streamId: stream.id,
    type: 'stream.live',
    wasLive: true,
    createdAt: when(8),
    data: JSON.stringify({ text: 'é🎥\\\n' }),
  }
  const [storedStream, storedEvent] = await database.run(async (client) => {
    await client.stream.create({ data: stream })
    await client.event.create({ data: event })
    return [await client.stream.findFirstOrThrow(), await client.event.findFirstOrThrow()]
  })
  assert.deepEqual(
    {
      ...storedStream,
      keyHash: new Uint8Array(storedStream.keyHash),
      replacedKeyHash: new Uint8Array(storedStream.replacedKeyHash ?? []),
    },
    stream,
  )
  assert.deepEqual(storedEvent, event)
  const nothing = {
    ...{ title: null, connectedAt: null, liveAt: null, endedAt: null, endReason: null, deadlineAt: null },
    ...{
      nodeId: null,
      sessionNginx: null,
      sessionClientId: null,
      sessionAcceptedAt: null,
      sessionBaselineAt: null,
      publisherAddress: null,
      replacedKeyHash: null,
    },
    ...{ record: false, playlistOpen: false },
    ...{ recordingStatus: null, recordingStorage: null, recordingFinishedAt: null, recordingFailure: null },
    recordingParts: null,
    deletedAt: null,
    ...{ recordingDurationMs: null, recordingSizeBytes: null, recordingMissingSegments: 0 },
    ...{ recordingHasPlaylist: false, recordingHasMp4: false, recordingHasPoster: false },
  }
  const emptied = await database.run((client) =>
    client.stream.update({ where: { id: stream.id }, data: nothing }),
  )
  assert.deepEqual({ ...emptied, keyHash: new Uint8Array(emptied.keyHash) }, { ...stream, ...nothing })
})

test('two streams cannot have the same stream key', async () => {
  const before = await own.query('SELECT COUNT(*) AS n FROM streams')
  await own.query('CREATE TEMPORARY TABLE copy AS SELECT * FROM streams')
  await own.query("UPDATE copy SET id = 'another'")
  await assert.rejects(own.query('INSERT INTO streams SELECT * FROM copy'), /streams_key_hash_key/)
  assert.deepEqual(await own.query('SELECT COUNT(*) AS n FROM streams'), before)
})
