// Order and exactly-once across memory and log, whatever the interleaving: nodes commit, the feed looks, old events
// are pruned, the log goes back, readers come and go, read slowly and resume. The log is in memory here, so that
// fast-check can decide when each query sees it and when it answers; resume.test.ts does the same on a real database.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import type { Logger } from '../../../apps/control/common/logger.ts'
import type { LoggedEvent } from '../../../apps/control/domain/event.ts'
import { Backlog } from '../../../apps/control/events/backlog.ts'
import { Feed } from '../../../apps/control/events/feed.ts'
import { type EventFilter, isWanted } from '../../../apps/control/events/filter.ts'
import { encodeReset } from '../../../apps/control/events/frame.ts'
import { Hub } from '../../../apps/control/events/hub.ts'
import type { EventLog } from '../../../apps/control/events/log.ts'
import { Reader } from '../../../apps/control/events/reader.ts'
import { findStart } from '../../../apps/control/events/start.ts'
import { MemoryLog } from '../support/memory-log.ts'

/** Small, so that readers often need both memory and the log. */
const RECENT = 12
const PAGE = 4
const FILTERS: readonly EventFilter[] = [
  { streamId: null, types: null },
  { streamId: null, types: new Set(['stream.ended']) },
  { streamId: 'a', types: null },
  { streamId: 'b', types: new Set(['stream.live']) },
]

/** A client that resumes from the last id it has seen and checks the order. */
class Client {
  readonly filter: EventFilter
  cursor: number | undefined
  /** Frames since the last reset, which makes a client read its snapshot again. */
  history: { id: number; data: string }[] = []
  /** What was in the log up to here is no concern of this client. */
  from = 0
  resets = 0
  response: ReturnType<typeof responseOf> | null = null
  #remove: (() => void) | null = null

  constructor(filter: EventFilter) {
    this.filter = filter
  }

  async connect(feed: Feed, hub: Hub, backlog: Backlog): Promise<void> {
    const asked = this.cursor
    if (asked !== undefined && asked > feed.head) await feed.readOn()
    if (this.response !== null) return
    const start = findStart(asked, feed, 0)
    const response = responseOf((block) => this.#take(block))
    this.response = response
    if (asked === undefined) this.#startOver(start.cursor)
    const reader = new Reader(response as unknown as Socket, this.filter, start.cursor)
    this.#remove = hub.add(reader)
    if (start.reset) reader.write(encodeReset(start.cursor))
    reader.catchUp(backlog).catch(() => reader.end())
  }

  disconnect(): void {
    this.#remove?.()
    if (this.response !== null) this.response.destroyed = true
    this.response?.emit('drain')
    this.response = null
  }

  #startOver(from: number): void {
    this.history = []
    this.from = from
    this.cursor = from
  }

  #take(block: string): void {
    const [, id = '', type = '', data = ''] = /^id: (\d+)\nevent: (\S+)\ndata: (.*)$/.exec(block) ?? []
    const number = Number(id)
    // A heartbeat.
    if (id === '') return
    if (type === 'reset') {
      this.resets += 1
      this.#startOver(number)
      return
    }
    // From the oldest event that was still stored.
    if (this.cursor === 0) this.from = number - 1
    assert.ok(number > (this.cursor ?? 0), `${id} came after ${this.cursor}`)
    this.history.push({ id: number, data })
    this.cursor = number
  }
}

/** Full after every third write, until it is drained. */
function responseOf(take: (block: string) => void) {
  let writes = 0
  return Object.assign(new EventEmitter(), {
    destroyed: false,
    writableEnded: false,
    writableLength: 0,
    write(bytes: Buffer) {
      for (const block of bytes.toString().split('\n\n').slice(0, -1)) take(block)
      return ++writes % 3 !== 0
    },
    destroy() {
      this.destroyed = true
    },
    destroySoon() {
      this.writableEnded = true
    },
  })
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('commit' as const), count: fc.nat(3), kind: fc.nat(11) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('others' as const), count: fc.nat(3), kind: fc.nat(11) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('look' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('connect' as const), client: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('disconnect' as const), client: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('drain' as const), client: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('prune' as const), count: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), count: fc.nat(4) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
)

async function play(
  scheduler: fc.Scheduler,
  before: number,
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
): Promise<void> {
  const memory = new MemoryLog(scheduler)
  const log = memory as unknown as EventLog
  memory.commit(before, 1)
  const feed = new Feed({ log, recent: RECENT, logger: { warn() {} } as unknown as Logger })
  const hub = new Hub(feed)
  await scheduler.waitFor(feed.start())
  hub.start()
  await using _stop = {
    async [Symbol.asyncDispose]() {
      const disposed = feed[Symbol.asyncDispose]()
      await settle(scheduler)
      await disposed
      await hub[Symbol.asyncDispose]()
    },
  }
  const backlog = new Backlog(feed, log, PAGE)
  const clients = [...FILTERS, ...FILTERS.slice(0, 2)].map((filter) => new Client(filter))
  for (const [index, client] of clients.entries()) client.cursor = index % 2 === 0 ? undefined : 0
  // A commit's answer may be late, while others' are not.
  const report = async (events: LoggedEvent[]) => {
    await scheduler.schedule(Promise.resolve(), 'the commit is reported')
    feed.committed(events)
  }
  const connect = async (client: Client) => {
    if (client.response === null) await client.connect(feed, hub, backlog)
  }
  for (const one of steps) {
    if (one.do === 'commit') void report(memory.commit(one.count, one.kind))
    else if (one.do === 'others') memory.commit(one.count, one.kind)
    else if (one.do === 'look') feed.poke()
    else if (one.do === 'prune') memory.prune(one.count)
    else if (one.do === 'lose') memory.loseLast(one.count)
    else if (one.do === 'turn') await nextTurn()
    else {
      const client = clients[one.client] as Client
      if (one.do === 'connect') void connect(client)
      else if (one.do === 'disconnect') client.disconnect()
      else client.response?.emit('drain')
    }
    if (scheduler.count() > 0) await scheduler.waitOne()
  }
  // All of them come back, and everything is read to its end.
  for (const client of clients) void connect(client)
  for (let round = 0; round < 30; round++) {
    feed.poke()
    for (const { response } of clients) response?.emit('drain')
    await settle(scheduler)
  }
  const mayReset = steps.some((one) => one.do === 'lose' || one.do === 'prune')
  for (const { filter, history, from: begin, cursor, resets } of clients) {
    const from = cursor === 0 ? memory.pruned : begin
    assert.ok(mayReset || resets === 0, 'there was a reset without a reason')
    const expected = memory.happened.filter((event) => event.id > from && isWanted(filter, event))
    assert.deepEqual(
      history,
      expected.map(({ id, data }) => ({ id, data })),
    )
  }
}

/** Lets all queries through, and those that follow from them. */
async function settle(scheduler: fc.Scheduler): Promise<void> {
  for (let quiet = 0; quiet < 4; quiet++) {
    for (; scheduler.count() > 0; quiet = 0) await scheduler.waitOne()
    await nextTurn()
  }
}

test('each client ends with exactly the events of the log since its snapshot, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      // Within what memory holds, and far beyond it.
      fc.constantFrom(0, 10, 60),
      fc.array(step, { minLength: 20, maxLength: 80 }),
      play,
    ),
    { numRuns: 400, interruptAfterTimeLimit: 60_000 },
  )
})
