import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from '../../../apps/control/common/logger.ts'
import { Database } from '../../../apps/control/database/database.ts'
import { Transactions } from '../../../apps/control/database/transactions.ts'
import { Feed } from '../../../apps/control/events/feed.ts'
import { EventLog } from '../../../apps/control/events/log.ts'
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'
import { append, appendMany, draft } from '../support/events.ts'

let stack: AsyncDisposableStack
let own: TestDatabase
let database: Database
let mine: Transactions
let theirs: Transactions
let warnings: string[] = []
const warn = (_: unknown, message: string) => void warnings.push(message)
const logger = { warn, info() {}, debug() {}, error() {}, fatal() {} } as unknown as Logger

before(async () => {
  stack = new AsyncDisposableStack()
  own = stack.use(await createMigratedDatabase())
  database = stack.use(new Database(own.url))
  await database.open()
  mine = stack.use(new Transactions(own.url))
  theirs = stack.use(new Transactions(own.url))
  await append(theirs, draft(), draft())
})
after(() => stack.disposeAsync())

async function startFeed({ hasPeers = false, log = new EventLog(database) } = {}) {
  const feed = new Feed({ log, logger })
  await feed.start()
  feed.tailFor(hasPeers)
  const begin = feed.head
  const seen: number[] = []
  let completed = false
  feed.events$.subscribe({ next: (event) => seen.push(event.id - begin), complete: () => (completed = true) })
  return {
    feed,
    seen,
    begin,
    completed: () => completed,
    [Symbol.asyncDispose]: () => feed[Symbol.asyncDispose](),
  }
}

test('starts at the end of the log', async () => {
  await using it = await startFeed({ hasPeers: true })
  assert.equal(it.begin, (await new EventLog(database).bounds()).head)
  await append(theirs, draft())
  await until('the new one', () => it.seen.length === 1)
  assert.deepEqual(it.seen, [1])
})

test('emits events of this process at once, without reading the log', async () => {
  await using it = await startFeed()
  it.feed.committed(await append(mine, draft(), draft()))
  assert.deepEqual(it.seen, [1, 2])
  assert.equal(it.feed.head, it.begin + 2)
})

test('emits the events of other processes in order, each exactly once', async () => {
  await using it = await startFeed({ hasPeers: true })
  const writes = Array.from({ length: 16 }, async (_, n) => {
    const events = await append(n % 2 === 0 ? mine : theirs, draft(), ...(n % 3 === 0 ? [draft()] : []))
    if (n % 2 === 0) it.feed.committed(events)
    return events.length
  })
  const total = (await Promise.all(writes)).reduce((sum, count) => sum + count)
  await until('all of them', () => it.seen.length >= total)
  assert.deepEqual(
    it.seen,
    Array.from({ length: total }, (_, n) => n + 1),
  )
})

test('emits events in order and once, even when they are reported out of order, twice or late', async () => {
  await using it = await startFeed()
  const [a, b, c] = [await append(mine, draft()), await append(mine, draft()), await append(mine, draft())]
  it.feed.committed(c)
  it.feed.committed(a)
  it.feed.committed(b)
  it.feed.committed(b)
  await until('all three', () => it.seen.length === 3)
  it.feed.committed(a)
  it.feed.committed([])
  it.feed.poke()
  const next = await append(mine, draft())
  it.feed.committed(next)
  await until('the next', () => it.seen.length >= 4)
  assert.deepEqual(it.seen, [1, 2, 3, 4])
})

test('emits another process’s unseen event before a later event of its own', async () => {
  await using it = await startFeed()
  await append(theirs, draft())
  it.feed.committed(await append(mine, draft()))
  await until('both', () => it.seen.length === 2)
  assert.deepEqual(it.seen, [1, 2])
})

test('reads a backlog of more than one page', async () => {
  await using it = await startFeed()
  await appendMany(own, 1_203)
  it.feed.poke()
  await until('all of them', () => it.seen.length === 1_203)
  assert.deepEqual([it.seen[0], it.seen.at(-1)], [1, 1_203])
  assert.equal(new Set(it.seen).size, 1_203)
})

test('continues without losing an event after the log could not be read', async () => {
  const real = new EventLog(database)
  let failures = 0
  const flaky = {
    bounds: () => real.bounds(),
    page: (...args: Parameters<EventLog['page']>) =>
      failures-- > 0 ? Promise.reject(new Error('away')) : real.page(...args),
  } as EventLog
  warnings = []
  await using it = await startFeed({ hasPeers: true, log: flaky })
  failures = 2
  await append(theirs, draft(), draft())
  await until('both', () => it.seen.length === 2)
  assert.deepEqual(it.seen, [1, 2])
  assert.equal(warnings.length, 2)
})

test('reads the log again when it was poked during a read that failed', async (t) => {
  // The timer that would hide a forgotten poke never fires.
  t.mock.timers.enable({ apis: ['setInterval'] })
  const real = new EventLog(database)
  let fail = false
  let it: Awaited<ReturnType<typeof startFeed>> | undefined
  const flaky = {
    bounds: () => real.bounds(),
    page: async (...args: Parameters<EventLog['page']>) => {
      if (!fail) return real.page(...args)
      fail = false
      await nextTurn()
      it?.feed.poke()
      throw new Error('away')
    },
  } as EventLog
  it = await startFeed({ log: flaky })
  fail = true
  await append(theirs, draft())
  it.feed.poke()
  await until('the event', () => it.seen.length === 1)
  await it[Symbol.asyncDispose]()
})

test('emits nothing after it was disposed of, and can be disposed of twice', async () => {
  const it = await startFeed({ hasPeers: true })
  it.feed.poke()
  await it.feed[Symbol.asyncDispose]()
  assert.ok(it.completed())
  await append(theirs, draft())
  it.feed.poke()
  it.feed.committed(await append(mine, draft()))
  await it.feed[Symbol.asyncDispose]()
  assert.deepEqual(it.seen, [])
})
