import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { afterEach, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Subject } from 'rxjs'
import type { LoggedEvent } from '../../../apps/control/domain/event.ts'
import type { Feed } from '../../../apps/control/events/feed.ts'
import { encodeFrame, encodeRetry, HEARTBEAT } from '../../../apps/control/events/frame.ts'
import { Hub } from '../../../apps/control/events/hub.ts'
import type { EventFilter, EventLog } from '../../../apps/control/events/log.ts'
import { Reader } from '../../../apps/control/events/reader.ts'

const EMPTY = { after: async () => [] } as unknown as EventLog
const EVERYTHING: EventFilter = { streamId: null, types: null }

function event(id: number, changes: Partial<LoggedEvent> = {}): LoggedEvent {
  const data = `{"id":"${id}"}`
  return { id, type: 'stream.live', streamId: 'a', wasLive: true, createdAt: new Date(0), data, ...changes }
}

const hubs: Hub[] = []
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub[Symbol.asyncDispose]()
})

function setUp() {
  const events = new Subject<LoggedEvent>()
  const feed = { head: 0, events$: events.asObservable() } as unknown as Feed
  const hub = new Hub(feed)
  hub.start()
  hubs.push(hub)
  return { events, hub }
}

/** A reader that has caught up, with a response that keeps what is written to it. */
async function reader(hub: Hub, filter = EVERYTHING) {
  const writes: Buffer[] = []
  const response = {
    destroyed: false,
    writableEnded: false,
    writableLength: 0,
    write: (bytes: Buffer) => writes.push(bytes) > 0,
    destroy() {
      this.destroyed = true
    },
    end() {
      this.writableEnded = true
    },
  }
  const made = new Reader(response as unknown as ServerResponse, filter, 0)
  const remove = hub.add(made)
  await made.catchUp(EMPTY, () => hub.position)
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
  const { hub } = setUp()
  const [quiet, own] = [await reader(hub), await reader(hub, { streamId: 'a', types: null })]
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
  const { events, hub } = setUp()
  const readers = await Promise.all(Array.from({ length: 200 }, () => reader(hub)))
  events.next(event(1))
  await settle()
  const [first] = readers[0]?.writes ?? []
  assert.ok(first)
  assert.ok(readers.every(({ writes }) => writes.length === 1 && writes[0] === first))
})

test('events that are waiting are sent in order, in few writes, and only to readers that asked for them', async () => {
  const { events, hub } = setUp()
  const all = await reader(hub)
  const a = await reader(hub, { streamId: 'a', types: null })
  const ends = await reader(hub, { streamId: null, types: new Set(['stream.ended']) })
  for (let id = 1; id <= 90; id++) {
    const type = id % 9 === 0 ? 'stream.ended' : 'stream.live'
    events.next(
      event(id, { type, streamId: id % 2 === 0 ? 'a' : 'b', wasLive: id % 3 !== 0 || id % 9 === 0 }),
    )
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
  const { events, hub } = setUp()
  const [ended, broken] = [await reader(hub), await reader(hub)]
  ended.reader.end()
  broken.response.destroy()
  events.next(event(1))
  await settle()
  for (const { reader: one, writes } of [ended, broken]) {
    one.write(HEARTBEAT)
    assert.deepEqual(writes, [])
  }
})

test('a reader for which the log has no events queries it once', async () => {
  const { hub } = setUp()
  const { reader: idle } = await reader(hub)
  let asked = 0
  const log = {
    after: async () => {
      asked += 1
      assert.ok(asked < 10, 'it keeps querying')
      return []
    },
  } as unknown as EventLog
  await idle.catchUp(log, () => 5)
  assert.equal(asked, 1)
})

test('a removed reader gets nothing, and removing it twice does not remove the next reader of its stream', async () => {
  const { events, hub } = setUp()
  const filter: EventFilter = { streamId: 'a', types: null }
  const first = await reader(hub, filter)
  first.remove()
  assert.equal(hub.readerCount, 0)
  const second = await reader(hub, filter)
  first.remove()
  assert.equal(hub.readerCount, 1)
  events.next(event(1))
  await settle()
  assert.deepEqual([first.writes.length, second.writes.length], [0, 1])
})
