// A reader that catches up page by page, on a real log, with a response that drains when the test says so.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import type { Logger } from '../../../apps/control/common/logger.ts'
import { Database } from '../../../apps/control/database/database.ts'
import { Backlog } from '../../../apps/control/events/backlog.ts'
import { Feed } from '../../../apps/control/events/feed.ts'
import { EventLog } from '../../../apps/control/events/log.ts'
import { Reader } from '../../../apps/control/events/reader.ts'
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'
import { appendMany } from '../support/events.ts'

let stack: AsyncDisposableStack
let own: TestDatabase
let log: EventLog

before(async () => {
  stack = new AsyncDisposableStack()
  own = stack.use(await createMigratedDatabase())
  const database = stack.use(new Database(own.url))
  await database.open()
  log = new EventLog(database)
})
after(() => stack.disposeAsync())
beforeEach(async () => {
  await own.query('DELETE FROM events')
  await own.query('UPDATE event_sequence SET head = 0, pruned = 0')
})

async function startFeed(source = log): Promise<Feed> {
  const feed = stack.use(new Feed({ log: source, logger: { warn() {} } as unknown as Logger }))
  await feed.start()
  return feed
}

/** A response that is full after each write until the test drains it. */
function slowResponse() {
  const response = Object.assign(new EventEmitter(), {
    destroyed: false,
    writableEnded: false,
    writableLength: 0,
    text: '',
    write(bytes: Buffer) {
      response.text += bytes.toString()
      return false
    },
    drain: () => response.emit('drain'),
    ids: () => [...response.text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)),
  })
  return response
}

const upTo = (last: number, start = 1) => Array.from({ length: last - start + 1 }, (_, n) => start + n)

test('events that are pruned between two pages of a catch-up are not skipped silently: there is a reset', async () => {
  await appendMany(own, 6_000)
  const feed = await startFeed()
  const response = slowResponse()
  const reader = new Reader(response as unknown as Socket, { streamId: null, types: null }, 0)
  const done = reader.catchUp(new Backlog(feed, log))
  await until('the first page', () => response.ids().length > 0)
  const read = response.ids().at(-1) ?? 0
  await own.query('DELETE FROM events WHERE id <= ?', [read + 50])
  await own.query('UPDATE event_sequence SET pruned = ?', [read + 50])
  response.drain()
  await done
  assert.match(response.text, /\nevent: reset\ndata: \{"id":"6000","type":"reset"\}\n\n$/)
  assert.deepEqual(response.ids(), [...upTo(read), 6_000])
})

test('pruning behind a reader that is catching up costs it nothing', async () => {
  await appendMany(own, 6_000)
  const feed = await startFeed()
  const response = slowResponse()
  const reader = new Reader(response as unknown as Socket, { streamId: null, types: null }, 0)
  let isDone = false
  const done = reader.catchUp(new Backlog(feed, log)).then(() => {
    isDone = true
  })
  await until('the first page', () => response.ids().length > 0)
  const read = response.ids().at(-1) ?? 0
  await own.query('DELETE FROM events WHERE id <= ?', [read])
  await own.query('UPDATE event_sequence SET pruned = ?', [read])
  await until('all of it', () => {
    response.drain()
    return isDone
  })
  await done
  assert.deepEqual(response.ids(), upTo(6_000))
})

test('readers that ask for the same page at the same time are served by one query', async () => {
  await appendMany(own, 6_000)
  const feed = await startFeed()
  let queries = 0
  const counted = {
    page: (...args: Parameters<EventLog['page']>) => {
      queries += 1
      return log.page(...args)
    },
  } as EventLog
  const backlog = new Backlog(feed, counted)
  const filter = { streamId: null, types: null }
  const pieces = await Promise.all(upTo(50).map(() => backlog.stored(0, filter)))
  assert.equal(queries, 1)
  assert.ok(pieces.every((piece) => piece === pieces[0]))
  await Promise.all(upTo(50).map((cursor) => backlog.stored(cursor, filter)))
  assert.equal(queries, 51)
})

test('all who ask the feed to read on at the same time are served by at most two queries', async () => {
  let queries = 0
  const counted = {
    bounds: () => log.bounds(),
    page: (...args: Parameters<EventLog['page']>) => {
      queries += 1
      return log.page(...args)
    },
  } as EventLog
  const feed = await startFeed(counted)
  queries = 0
  await appendMany(own, 3)
  await Promise.all(upTo(50).map(() => feed.readOn()))
  assert.ok(queries <= 2, `${queries} queries`)
  assert.equal(feed.head, 3)
})

test('a reader gets nothing that the feed has not emitted: the feed could not tell if it was lost', async () => {
  await appendMany(own, 1, { streamId: 'x'.repeat(20) })
  await appendMany(own, 5_000)
  const feed = await startFeed()
  await appendMany(own, 1, { streamId: 'x'.repeat(20) })
  const piece = await new Backlog(feed, log).stored(0, { streamId: 'x'.repeat(20), types: null })
  assert.ok('cursor' in piece)
  assert.deepEqual([piece.cursor, piece.bytes?.toString().match(/^id: \d+$/gm)], [5_001, ['id: 1']])
})
