import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { Database } from '../../../apps/control/database/database.ts'
import { Transactions } from '../../../apps/control/database/transactions.ts'
import type { EventType } from '../../../apps/control/domain/event.ts'
import { EventLog } from '../../../apps/control/events/log.ts'
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts'
import { append, appendMany, draft, readAfter } from '../support/events.ts'

let stack: AsyncDisposableStack
let own: TestDatabase
/** Two processes on one database. */
let first: Transactions
let second: Transactions
let firstLog: EventLog
let log: EventLog

before(async () => {
  stack = new AsyncDisposableStack()
  own = stack.use(await createMigratedDatabase())
  const logs = [0, 1].map(() => new EventLog(stack.use(new Database(own.url))))
  firstLog = logs[0] as EventLog
  log = logs[1] as EventLog
  first = stack.use(new Transactions(own.url))
  second = stack.use(new Transactions(own.url))
  await log.bounds()
})
after(() => stack.disposeAsync())
beforeEach(async () => {
  await own.query('DELETE FROM events')
  await own.query('UPDATE event_sequence SET head = 0, pruned = 0')
})

/** The database does not take it: its type is too long. */
const refused = draft({ type: 'x'.repeat(33) as EventType })

const ids = (events: readonly { id: number }[]) => events.map((event) => event.id)
const upTo = (last: number, start = 1) => Array.from({ length: last - start + 1 }, (_, n) => start + n)

describe('ids', () => {
  test('count from 1 without a gap, even when a transaction was rolled back', async () => {
    assert.deepEqual(ids(await append(first, draft(), draft())), [1, 2])
    await assert.rejects(append(first, draft(), draft(), refused))
    assert.deepEqual(ids(await append(second, draft())), [3])
    assert.deepEqual(ids(await readAfter(log, 0, 100)), [1, 2, 3])
    assert.deepEqual(await log.bounds(), { head: 3, pruned: 0 })
  })

  test('rise in commit order while two processes write, so that a reader that follows misses none', async () => {
    let writing = true
    const followed: number[] = []
    const following = (async () => {
      for (let last = false; !last; ) {
        last = !writing
        followed.push(...ids(await readAfter(log, followed.at(-1) ?? 0, 7)))
      }
    })()
    const given: number[] = []
    for (let round = 0; round < 10; round++) {
      const results = await Promise.allSettled(
        upTo(20).map((n) =>
          append(
            n % 2 === 0 ? first : second,
            ...(n % 7 === 0 ? [draft(), draft()] : [draft()]),
            ...(n % 10 === 0 ? [refused] : []),
          ),
        ),
      )
      for (const result of results) if (result.status === 'fulfilled') given.push(...ids(result.value))
      assert.equal(results.filter((result) => result.status === 'rejected').length, 2)
    }
    writing = false
    await following
    const all = await readAfter(log, followed.at(-1) ?? 0, 1_000)
    followed.push(...ids(all))
    assert.deepEqual(followed, upTo(followed.length))
    assert.ok(given.length > 100, 'most were committed')
    assert.deepEqual(
      given.sort((a, b) => a - b),
      followed,
    )
  })

  test('do not become visible before lower ids', async () => {
    // A slow commit, in single steps.
    await own.query('BEGIN')
    await own.query('UPDATE event_sequence SET head = 1')
    await own.query(
      `INSERT INTO events VALUES (1, '${'s'.repeat(20)}', 'stream.live', TRUE, UTC_TIMESTAMP(3), '{}')`,
    )
    const quick = append(second, draft())
    const early = await Promise.race([
      quick.then(() => 'committed'),
      readAfter(log, 0, 10).then((seen) => seen.length),
    ])
    assert.equal(early, 0, 'neither is visible while the first is not committed')
    await own.query('COMMIT')
    assert.deepEqual([ids(await quick), ids(await readAfter(log, 0, 10))], [[2], [1, 2]])
  })
})

describe('reading', () => {
  test('returns events byte for byte as they were written', async () => {
    const body = { stream: { title: 'Grüße 🎥 "\\\n' }, resumed: true }
    const [written] = await append(first, draft({ body }))
    assert.deepEqual(await readAfter(log, 0, 10), [written])
    assert.deepEqual(JSON.parse(written?.data ?? ''), {
      id: '1',
      type: 'stream.live',
      createdAt: '2026-01-02T03:04:05.678Z',
      ...body,
    })
  })

  test('can be limited by stream, by having been live, by type, by a cursor and by a page size', async () => {
    const [mine, other] = ['m'.repeat(20), 'o'.repeat(20)]
    await append(
      first,
      draft({ streamId: mine, type: 'stream.created', wasLive: false }),
      draft({ streamId: mine }),
      draft({ streamId: other }),
      draft({ streamId: mine, type: 'stream.ended' }),
      draft({ streamId: other, type: 'stream.ended', wasLive: false }),
    )
    const read = async (
      streamId: string | null,
      types: ('stream.created' | 'stream.ended')[] | null,
      from = 0,
      limit = 9,
    ) => ids(await readAfter(log, from, limit, { streamId, types: types === null ? null : new Set(types) }))
    assert.deepEqual(await read(null, null), [2, 3, 4])
    assert.deepEqual(await read(mine, null), [1, 2, 4])
    assert.deepEqual(await read(null, ['stream.ended']), [4])
    assert.deepEqual(await read(mine, ['stream.created', 'stream.ended']), [1, 4])
    assert.deepEqual(await read(mine, null, 1), [2, 4])
    assert.deepEqual(await read(mine, null, 0, 2), [1, 2])
    assert.deepEqual(await read('n'.repeat(20), null), [])
    assert.deepEqual(ids(await readAfter(log, 2, 2)), [3, 4])
  })
})

describe('pruning', () => {
  const day = (n: number) => new Date(Date.UTC(2026, 0, n))

  test('removes older events and stores the id of the last one', async () => {
    await append(first, ...upTo(6).map((n) => draft({ createdAt: day(n) })))
    assert.equal(await log.prune(day(4)), 3)
    assert.deepEqual(
      [ids(await readAfter(log, 0, 10)), await log.bounds()],
      [[4, 5, 6], { head: 6, pruned: 3 }],
    )
    assert.equal(await log.prune(day(4)), 0)
    assert.equal(await log.prune(day(30)), 3)
    assert.deepEqual(await log.bounds(), { head: 6, pruned: 6 })
    assert.deepEqual(ids(await append(first, draft())), [7], 'ids are never reused')
  })

  test('leaves no gap: an old event after a newer one stays until both are old', async () => {
    await append(first, ...[1, 5, 2].map((n) => draft({ createdAt: day(n) })))
    assert.equal(await log.prune(day(4)), 1)
    assert.deepEqual([ids(await readAfter(log, 0, 10)), (await log.bounds()).pruned], [[2, 3], 1])
  })

  test('of a long log continues until all old events are removed', async () => {
    await appendMany(own, 2_500)
    await own.query("UPDATE events SET created_at = '2026-01-01' WHERE id <= 2300")
    assert.equal(await log.prune(day(2)), 2_300)
    assert.deepEqual(await log.bounds(), { head: 2_500, pruned: 2_300 })
  })

  test('works while events are written, and in two processes at the same time', async () => {
    await append(first, ...upTo(40).map(() => draft({ createdAt: day(10) })))
    await own.query("UPDATE events SET created_at = '2026-01-01' WHERE id <= 20")
    const writes = upTo(20).map(() => append(second, draft({ createdAt: day(300) })))
    const prunes = [log.prune(day(2)), firstLog.prune(day(2)), log.prune(day(2))]
    await Promise.all([...writes, ...prunes])
    const { head, pruned } = await log.bounds()
    assert.deepEqual([head, pruned], [60, 20])
    assert.deepEqual(ids(await readAfter(log, 0, 100)), upTo(60, 21))
  })

  test('never lowers the stored id when a process with fewer events to remove finishes last', async () => {
    for (let round = 0; round < 10; round++) {
      await own.query('DELETE FROM events')
      await own.query('UPDATE event_sequence SET head = 0, pruned = 0')
      await append(first, ...upTo(9).map((n) => draft({ createdAt: day(n) })))
      await Promise.all([log.prune(day(8)), firstLog.prune(day(5))])
      assert.deepEqual([(await log.bounds()).pruned, ids(await readAfter(log, 0, 10))], [7, [8, 9]])
    }
  })
})
