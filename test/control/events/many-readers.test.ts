// Many readers: that they leave nothing behind, and that catching up takes bounded memory.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startControl, type TestControl } from '../../support/control.ts'
import { SseReader } from '../../support/sse.ts'
import { until } from '../../support/until.ts'

const READERS = 2_000
const AT_ONCE = 50
const BACKLOG = 100_000

let control: TestControl

before(async () => {
  control = await startControl({ env: { LOG_LEVEL: 'warn' } })
})

after(async () => {
  await control?.[Symbol.asyncDispose]()
})

/** How many resources keep this process running, by kind: sockets, timers. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes in use after a garbage collection. */
function heapInUse(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

async function comeAndGo(count: number): Promise<void> {
  for (let done = 0; done < count; done += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        await using reader = await SseReader.open(`${control.apiUrl}/v1/events?lastEventId=0`)
        assert.equal(reader.response.status, 200)
      }),
    )
  }
  await until('the last reader to be removed', () => control.context.hub.readerCount === 0)
}

test('readers that connect and disconnect leave no memory, sockets or timers behind', async (t) => {
  // Caches and pools have to fill first.
  await comeAndGo(1_000)
  const before = resources()
  const heapBefore = heapInUse()
  await comeAndGo(READERS)
  await until(
    'the sockets to be closed',
    () => (resources().TCPSocketWrap ?? 0) <= (before.TCPSocketWrap ?? 0) + 5,
  )
  assert.ok((resources().Timeout ?? 0) <= (before.Timeout ?? 0) + 5, 'timers are left')
  const grownKb = (heapInUse() - heapBefore) / 1e3 / READERS
  t.diagnostic(`the heap has grown by ${grownKb.toFixed(2)} kB a reader`)
  // A reader that is not released costs 10 kB and more.
  assert.ok(grownKb < 1)
})

test('a reader catches up with a hundred thousand events in bounded memory, each once and in order', async (t) => {
  const { database } = control
  const data = JSON.stringify({ id: '0', type: 'stream.live', stream: { padding: 'x'.repeat(500) } })
  await database.query('START TRANSACTION')
  await database.query(
    `INSERT INTO events (id, stream_id, type, was_live, created_at, data)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
     SELECT (a.i - 1) * 1000 + b.i, REPEAT('0', 20), 'stream.live', TRUE, NOW(3), ?
     FROM n a JOIN n b WHERE a.i <= ?`,
    [data, BACKLOG / 1_000],
  )
  await database.query('UPDATE event_sequence SET head = ?', [BACKLOG])
  await database.query('COMMIT')
  control.context.feed.poke()
  await until('the feed to have passed them', () => control.context.feed.head === BACKLOG, 60_000)

  let most = 0
  const start = process.memoryUsage()
  const watch = setInterval(() => {
    const { heapUsed, external } = process.memoryUsage()
    most = Math.max(most, heapUsed + external - start.heapUsed - start.external)
  }, 20)
  const response = await fetch(`${control.apiUrl}/v1/events?lastEventId=0`)
  let last = 0
  let rest = ''
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    const text = rest + decoder.decode(bytes, { stream: true })
    const end = text.lastIndexOf('\n\n')
    for (const [, id] of text.slice(0, Math.max(end, 0)).matchAll(/^id: (\d+)$/gm)) {
      assert.equal(Number(id), last + 1)
      last += 1
    }
    rest = text.slice(Math.max(end, 0))
    if (last === BACKLOG) break
  }
  clearInterval(watch)
  const mb = most / 1e6
  t.diagnostic(`${BACKLOG} events of ${data.length} bytes: ${mb.toFixed(0)} MB more at the most`)
  assert.equal(last, BACKLOG)
  assert.ok(mb < 200, 'the whole backlog would be 250 MB and more')
})
