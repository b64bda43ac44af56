import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Subject } from 'rxjs'
import type { LoggedEvent } from '../../../apps/control/domain/event.ts'
import { Backlog } from '../../../apps/control/events/backlog.ts'
import type { Feed } from '../../../apps/control/events/feed.ts'
import type { EventFilter } from '../../../apps/control/events/filter.ts'
import {
  encodeFrame,
  encodeRetry,
  type FramedEvent,
  HEARTBEAT,
  toFramed,
} from '../../../apps/control/events/frame.ts'
import { Hub } from '../../../apps/control/events/hub.ts'
import type { EventLog } from '../../../apps/control/events/log.ts'
import { Reader } from '../../../apps/control/events/reader.ts'
import { RecentEvents } from '../../../apps/control/events/recent-events.ts'

const EVERYTHING: EventFilter = { streamId: null, types: null }

function event(id: number, changes: Partial<LoggedEvent> = {}): LoggedEvent {
  const data = `{"id":"${id}"}`
  return { id, type: 'stream.live', streamId: 'a', wasLive: true, createdAt: new Date(0), data, ...changes }
}

const hubs: Hub[] = []
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub[Symbol.asyncDispose]()
})

/** A feed that emits what the test wants after `floor`; the log is needed only for what is before it. */
function setUp(floor = 0, log = {} as EventLog) {
  const [events$, resets$] = [new Subject<FramedEvent>(), new Subject<number>()]
  const recent = new RecentEvents(floor, 1_000)
  const feed = {
    ...{ events$, resets$, recent, lostAfter: Number.POSITIVE_INFINITY, lostUpTo: 0 },
    get head() {
      return recent.head
    },
  } as unknown as Feed
  const hub = new Hub(feed)
  hub.start()
  hubs.push(hub)
  const emit = (logged: LoggedEvent) => {
    recent.add(toFramed(logged))
    events$.next(toFramed(logged))
  }
  return { emit, hub, resets$, backlog: new Backlog(feed, log) }
}

/** A reader that has caught up, with a response that keeps what is written to it. */
async function reader({ hub, backlog }: ReturnType<typeof setUp>, filter = EVERYTHING) {
  const writes: Buffer[] = []
  const response = {
    destroyed: false,
    writableEnded: false,
    writableLength: 0,
    write: (bytes: Buffer) => writes.push(bytes) > 0,
    destroy() {
      this.destroyed = true
    },
    destroySoon() {
      this.writableEnded = true
    },
  }
  const made = new Reader(response as unknown as Socket, filter, 0)
  const remove = hub.add(made)
  await made.catchUp(backlog)
  return { reader: made, response, writes, remove, text: () => Buffer.concat(writes).toString() }
}

async function settle(): Promise<void> {
  for (let n = 0; n < 50; n++) await nextTurn()
}

test('a frame is encoded byte for byte as the standard says', () => {
  assert.equal(encodeFrame({ id: 7, event: 'x', data: '{}' }).toString(), 'id: 7\nevent: x\ndata: {}\n\n')
  assert.equal(encodeFrame({ event: 'x', data: '{}' }).toString(), 'event: x\ndata: {}\n\n')
  assert.equal(encodeRetry(2_000).toString(), 'retry: 2000\n\n')
  assert.equal(HEARTBEAT.toString(), ':\n\n')
})

test('an idle connection gets a comment at least every 15 s', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const world = setUp()
  const [quiet, own] = [await reader(world), await reader(world, { streamId: 'a', types: null })]
  for (let minute = 0; minute < 4; minute++) {
    t.mock.timers.tick(15_000)
    await settle()
  }
  for (const { writes } of [quiet, own]) {
    assert.ok(writes.length >= 4, `${writes.length} in a minute`)
    assert.ok(writes.every((bytes) => bytes.equals(HEARTBEAT)))
  }
})

test('a frame is encoded once and the same bytes go to every reader', async () => {
  const world = setUp()
  const readers = await Promise.all(Array.from({ length: 200 }, () => reader(world)))
  world.emit(event(1))
  await settle()
  const [first] = readers[0]?.writes ?? []
  assert.ok(first)
  assert.ok(readers.every(({ writes }) => writes.length === 1 && writes[0] === first))
})

test('events that are waiting are sent in order, in few writes, and only to readers that asked for them', async () => {
  const world = setUp()
  const all = await reader(world)
  const a = await reader(world, { streamId: 'a', types: null })
  const ends = await reader(world, { streamId: null, types: new Set(['stream.ended']) })
  for (let id = 1; id <= 90; id++) {
    const type = id % 9 === 0 ? 'stream.ended' : 'stream.live'
    world.emit(event(id, { type, streamId: id % 2 === 0 ? 'a' : 'b', wasLive: id % 3 !== 0 || id % 9 === 0 }))
  }
  await settle()
  const ids = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))
  const upTo90 = Array.from({ length: 90 }, (_, n) => n + 1)
  assert.deepEqual(
    ids(all.text()),
    upTo90.filter((id) => id % 3 !== 0 || id % 9 === 0),
  )
  assert.deepEqual(
    ids(a.text()),
    upTo90.filter((id) => id % 2 === 0),
  )
  assert.deepEqual(
    ids(ends.text()),
    upTo90.filter((id) => id % 9 === 0),
  )
  assert.ok(all.writes.length < 10, `${all.writes.length} writes`)
})

test('nothing is written to a reader whose connection has ended or broken', async () => {
  const world = setUp()
  const [ended, broken] = [await reader(world), await reader(world)]
  ended.reader.end()
  broken.response.destroy()
  world.emit(event(1))
  await settle()
  for (const { reader: one, writes } of [ended, broken]) {
    one.write(HEARTBEAT)
    assert.deepEqual(writes, [])
  }
})

test('a reader for which the log has no events queries it once', async () => {
  let asked = 0
  const log = {
    page: async () => {
      asked += 1
      assert.ok(asked < 10, 'it keeps querying')
      return { events: [], head: 5, pruned: 0 }
    },
  } as unknown as EventLog
  await reader(setUp(5, log))
  assert.equal(asked, 1)
})

test('a removed reader gets nothing, and removing it twice does not remove the next reader of its stream', async () => {
  const world = setUp()
  const filter: EventFilter = { streamId: 'a', types: null }
  const first = await reader(world, filter)
  first.remove()
  assert.equal(world.hub.readerCount, 0)
  const second = await reader(world, filter)
  first.remove()
  assert.equal(world.hub.readerCount, 1)
  world.emit(event(1))
  await settle()
  assert.deepEqual([first.writes.length, second.writes.length], [0, 1])
})

test('messages for many streams with few readers each leave room for other work in between', async () => {
  const world = setUp()
  const ids = Array.from({ length: 400 }, (_, n) => `stream-${n}`)
  const readers = await Promise.all(ids.map((streamId) => reader(world, { streamId, types: null })))
  const sent = () => readers.reduce((sum, { writes }) => sum + writes.length, 0)
  let before = 0
  const inOneTurn = async () => {
    let most = 0
    for (let turn = 0; turn < 50; turn++) {
      await nextTurn()
      most = Math.max(most, sent() - before)
      before = sent()
    }
    return most
  }
  const bytes = Buffer.from('event: stream.viewers\ndata: {}\n\n')
  const told = world.hub.tell(
    ids.map((streamId) => ({ type: 'stream.viewers', streamId, wasLive: true, bytes })),
  )
  assert.ok((await inOneTurn()) <= 64)
  await told
  assert.equal(sent(), 400)
  for (const [index, streamId] of ids.entries()) world.emit(event(index + 1, { streamId }))
  assert.ok((await inOneTurn()) <= 64)
  assert.equal(sent(), 800)
})
