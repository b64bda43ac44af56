// Two nodes with publishers on one database: what each makes of the other's silence. The lease's clock is the
// test's, so that minutes pass quickly; everything else is real.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startControl, type TestControl } from '../../support/control.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { createStream, publish, put, readStream } from '../support/api.ts'
import { FakeNginx } from '../support/fake-nginx.ts'
import { DatabaseProxy } from '../support/unix-proxy.ts'

interface Node {
  readonly control: TestControl
  readonly nginx: FakeNginx
  readonly proxy: DatabaseProxy
}

let stack: AsyncDisposableStack
let database: TestDatabase
let clockMs = 0
let [a, b] = [] as unknown as [Node, Node]
before(async () => {
  stack = new AsyncDisposableStack()
  database = stack.use(await createTestDatabase())
  a = await startNode('node-a')
  b = await startNode('node-b')
})
after(() => stack.disposeAsync())

async function startNode(id: string): Promise<Node> {
  const nginx = stack.use(await FakeNginx.start())
  const proxy = stack.use(await DatabaseProxy.start(database))
  const control = stack.use(
    await startControl({
      database: proxy.database,
      monotonicMs: () => clockMs,
      now: () => new Date(),
      env: { NODE_ID: id, NGINX_URL: nginx.url },
    }),
  )
  return { control, nginx, proxy }
}

/** Everything that a node does regularly, once; whatever needs the database fails while it is away. */
async function round({ control: { context } }: Node): Promise<void> {
  for (const part of [context.lease, context.reconciler, context.takeover]) await part.round().catch(() => {})
}

async function pass(seconds: number, nodes: readonly Node[]): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 2) {
    clockMs += 2_000
    await Promise.all(nodes.map(round))
  }
}

/** A stream that is live on a node, with its publisher in the node's nginx. @returns its id and key */
async function goLive({ control, nginx }: Node, clientId: number): Promise<{ id: string; key: string }> {
  const { id, streamKey } = await createStream(control)
  assert.equal((await publish(control, streamKey.value, clientId)).status, 302)
  nginx.publish(id, clientId)
  const { nodeId } = control.context.config
  await put(control, id, { kind: 'playlist-seen', nodeId, modifiedAt: new Date() })
  return { id, key: streamKey.value }
}

const eventsOf = async (id: string) =>
  (await database.query('SELECT type FROM events WHERE stream_id = ? ORDER BY id', [id])).map(
    ({ type }) => type,
  )

describe('when the database was away, no healthy node ends the streams of another', () => {
  for (const [index, seconds] of [5, 14, 40].entries()) {
    test(`for ${seconds} s`, async () => {
      const streams = await Promise.all([goLive(a, 10 + index), goLive(b, 20 + index)])
      await pass(20, [a, b])
      assert.deepEqual(
        [a, b].map(({ control }) => control.context.lease.peers.isCertain),
        [true, true],
      )
      for (const { proxy } of [a, b]) proxy.cut()
      await pass(seconds, [a, b])
      // The nodes find their way back one after the other.
      a.proxy.mend()
      await pass(4, [a, b])
      b.proxy.mend()
      await pass(30, [a, b])
      assert.deepEqual(
        [a, b].map(({ control }) => control.context.lease.peers.dead),
        [[], []],
      )
      for (const { id } of streams) {
        assert.equal((await readStream(a.control, id)).status, 'live')
        assert.deepEqual(await eventsOf(id), ['stream.created', 'stream.connecting', 'stream.live'])
      }
    })
  }
})

test('when one node was frozen for 20 s, its publishers are let back in, and it ends nobody else’s', async () => {
  const [onA, onB] = await Promise.all([goLive(a, 31), goLive(b, 32)])
  await pass(20, [a, b])
  await pass(20, [a])
  assert.equal((await readStream(a.control, onB.id)).status, 'reconnecting')
  await pass(8, [a, b])
  const { status, endedAt } = await readStream(a.control, onA.id)
  assert.deepEqual([status, endedAt], ['live', null])
  const { session } = (await a.control.context.store.find(onB.id)) ?? assert.fail()
  assert.deepEqual([session?.nodeId, session?.clientId], ['node-b', 32])
})

test('when one node is gone, its streamers can publish through another within 15 s', async () => {
  const { id, key } = await goLive(b, 41)
  await pass(20, [a, b])
  const begin = clockMs
  let answer = await publish(a.control, key, 42)
  while (answer.status !== 302) {
    assert.equal(answer.status, 403)
    await pass(2, [a])
    assert.ok(clockMs - begin <= 15_000, `still locked out after ${(clockMs - begin) / 1000} s`)
    answer = await publish(a.control, key, 42)
  }
  assert.ok(clockMs - begin >= 12_000, 'not before a whole lease was over')
  a.nginx.publish(id, 42)
})
