// What an attack leaves in the list of tries: little, and bounded.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AttemptLog } from '../../../apps/control/attempts/attempt-log.ts'
import {
  AttemptTable,
  KEPT_PER_STREAM,
  KEPT_WITHOUT_STREAM,
} from '../../../apps/control/attempts/attempt-table.ts'
import { Database } from '../../../apps/control/database/database.ts'
import type { Attempt } from '../../../apps/control/domain/attempt.ts'
import { startControl, type TestControl } from '../../support/control.ts'
import { createStream } from '../support/api.ts'
import { DatabaseProxy } from '../support/unix-proxy.ts'

const NOW = new Date('2026-01-02T03:04:05.000Z')
let control: TestControl
before(async () => {
  control = await startControl()
})
after(() => control[Symbol.asyncDispose]())

const attempt = (changes: Partial<Attempt> = {}): Attempt => ({
  ...{ at: NOW, streamId: null, address: '192.0.2.1', encoder: 'x', result: 'unknown_key', detail: null },
  ...changes,
})
const hash = (n: number) => new Uint8Array(Buffer.alloc(32, String(n)))

function newLog(database: Database = control.context.database): AttemptLog {
  return new AttemptLog({ table: new AttemptTable(database), logger: control.context.logger, now: () => NOW })
}

async function rows(condition = 'TRUE'): Promise<Record<string, unknown>[]> {
  return control.database.query(`SELECT address, tries, result FROM attempts WHERE ${condition} ORDER BY id`)
}

test('10,000 unknown keys a second from one address are one entry', async () => {
  await using log = newLog()
  const begin = performance.now()
  for (let n = 0; n < 10_000; n++) log.note(attempt({ keyHash: hash(n), encoder: `encoder ${n}` }))
  const eachMs = (performance.now() - begin) / 10_000
  assert.ok(eachMs < 0.1, `${eachMs} ms for each`)
  await log.flush()
  assert.deepEqual(await rows("address = '192.0.2.1'"), [
    { address: '192.0.2.1', tries: 10_000, result: 'unknown_key' },
  ])
})

test('tries from very many addresses within a second are counted together', async () => {
  await using log = newLog()
  for (let n = 0; n < 5_000; n++)
    log.note(attempt({ address: `10.0.${n >> 8}.${n & 255}`, result: 'malformed_key' }))
  await log.flush()
  const stored = await rows("result = 'malformed_key'")
  assert.equal(stored.length, 2_001)
  assert.equal(
    stored.reduce((sum, { tries }) => sum + Number(tries), 0),
    5_000,
  )
  assert.deepEqual(
    stored.filter(({ address }) => address === null).map(({ tries }) => tries),
    [3_000],
  )
})

test('only so many entries are kept, the newest ones, and those of streams apart from the others', async () => {
  const { id } = await createStream(control)
  await control.database.query('DELETE FROM attempts')
  const values = (count: number, stream: string | null) =>
    Array.from({ length: count }, (_, n) => {
      const at = new Date(NOW.getTime() - n * 1_000).toISOString().slice(0, -1)
      return `(UNHEX(MD5('${stream} ${n}')), ${stream === null ? 'NULL' : `'${stream}'`}, '${at}', '${at}', 1, 'expired')`
    }).join(',')
  const insert = 'INSERT INTO attempts (fingerprint, stream_id, first_at, last_at, tries, result) VALUES '
  await control.database.query(insert + values(KEPT_PER_STREAM + 50, id))
  await control.database.query(insert + values(KEPT_WITHOUT_STREAM + 50, null))
  await new AttemptTable(control.context.database).prune(NOW)
  const counts = await control.database.query(
    'SELECT COUNT(*) AS n, MAX(last_at) AS newest FROM attempts GROUP BY stream_id ORDER BY n',
  )
  assert.deepEqual(
    counts.map(({ n, newest }) => [n, newest]),
    [
      [KEPT_PER_STREAM, NOW],
      [KEPT_WITHOUT_STREAM, NOW],
    ],
  )
  await new AttemptTable(control.context.database).prune(new Date(NOW.getTime() + 31 * 86_400_000))
  assert.deepEqual(await rows(), [])
})

test('what could not be written while the database was away is written later', async () => {
  await using proxy = await DatabaseProxy.start(control.database)
  await using database = new Database(proxy.database.url)
  await using log = newLog(database)
  proxy.cut()
  log.note(attempt({ address: '192.0.2.77', result: 'unavailable' }))
  await log.flush()
  assert.deepEqual(await rows("address = '192.0.2.77'"), [])
  proxy.mend()
  await log.flush()
  assert.equal((await rows("address = '192.0.2.77'")).length, 1)
})
