import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import type { Logger } from '../../../apps/control/common/logger.ts'
import { DatabaseClock } from '../../../apps/control/nodes/database-clock.ts'
import { NodeIdTakenError, NodeLease } from '../../../apps/control/nodes/node-lease.ts'
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts'

const logger: Logger = { fatal() {}, error() {}, warn() {}, info() {}, debug() {} }
let database: TestDatabase
let folder: string
let leases: AsyncDisposableStack
before(async () => {
  database = await createMigratedDatabase()
})
after(() => database[Symbol.asyncDispose]())
beforeEach(async () => {
  await database.query('DELETE FROM nodes')
  folder = await mkdtemp(join(tmpdir(), 'lease-'))
  leases = new AsyncDisposableStack()
  leases.defer(() => rm(folder, { recursive: true }))
})

afterEach(() => leases.disposeAsync())

/** A control's lease on NODE_ID `nodeId`, with the data of `machine`. */
function leaseOf(nodeId: string, machine: string, monotonicMs?: () => number): NodeLease {
  const clock = new DatabaseClock({ logger })
  const dataDir = join(folder, machine)
  const options = { databaseUrl: database.url, clock, logger, nodeId, dataDir, address: `${machine}:3000` }
  return leases.use(new NodeLease({ ...options, monotonicMs }))
}

async function taken(nodeId: string, machine: string, monotonicMs?: () => number): Promise<NodeLease> {
  const lease = leaseOf(nodeId, machine, monotonicMs)
  await lease.take()
  return lease
}

/** As if the holder of the lease had renewed it last so many seconds ago. */
const silentFor = (nodeId: string, seconds: number) =>
  database.query('UPDATE nodes SET renewed_at = UTC_TIMESTAMP(3) - INTERVAL ? SECOND WHERE id = ?', [
    seconds,
    nodeId,
  ])

async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

describe('taking the lease', () => {
  test('a control that was killed has it back 3 s after its last renewal', async () => {
    await taken('here', 'machine')
    const ms = await timed(() => leaseOf('here', 'machine').take())
    assert.ok(ms > 2_000 && ms < 4_500, `${ms} ms`)
  })

  test('a control that was killed more than 3 s ago has it back at once', async () => {
    await taken('here', 'machine')
    await silentFor('here', 3)
    const ms = await timed(() => leaseOf('here', 'machine').take())
    assert.ok(ms < 1_000, `${ms} ms`)
  })

  test('a control that was stopped hands it back, to whomever comes next', async () => {
    const lease = await taken('here', 'machine')
    await lease[Symbol.asyncDispose]()
    const ms = await timed(() => leaseOf('here', 'elsewhere').take())
    assert.ok(ms < 1_000, `${ms} ms`)
  })

  test('a control of another installation gets it only when it has run out', async () => {
    await taken('here', 'machine')
    await silentFor('here', 10)
    const ms = await timed(() => leaseOf('here', 'elsewhere').take())
    assert.ok(ms > 1_000 && ms < 4_500, `${ms} ms`)
  })

  test('a control of another installation is refused while the lease is renewed', async () => {
    const first = await taken('here', 'machine')
    const renewing = setInterval(() => void first.round(), 200)
    await assert.rejects(leaseOf('here', 'elsewhere').take(), (error) => {
      assert.ok(error instanceof NodeIdTakenError)
      assert.match(error.message, /NODE_ID here is in use by another control \(machine:3000\)/)
      assert.match(error.message, /Give each node its own NODE_ID/)
      return true
    })
    clearInterval(renewing)
    assert.ok(await first.isHeld())
  })

  test('a copy of a whole installation is refused, and told what to do', async () => {
    const first = await taken('here', 'machine')
    const renewing = setInterval(() => void first.round(), 2_000)
    await assert.rejects(leaseOf('here', 'machine').take(), (error) => {
      assert.ok(error instanceof NodeIdTakenError)
      assert.match(error.message, /one DATA_DIR is a copy of the other/)
      assert.ok(error.message.includes(join(folder, 'machine', 'installation-id')))
      return true
    })
    clearInterval(renewing)
    assert.ok(await first.isHeld())
  })

  test('of several that start at the same time, one gets it', async () => {
    const attempts = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map(async (machine) => {
        const lease = await taken('here', machine)
        const renewing = setInterval(() => void lease.round(), 200)
        leases.defer(() => clearInterval(renewing))
      }),
    )
    assert.equal(attempts.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  test('the installation’s id is random, kept, and readable by its owner only', async () => {
    await taken('here', 'machine')
    await taken('there', 'elsewhere')
    const [here, there] = ['machine', 'elsewhere'].map((name) => join(folder, name, 'installation-id'))
    const id = await readFile(here ?? '', 'utf8')
    assert.match(id, /^[\w-]{21}\n$/)
    assert.notEqual(await readFile(there ?? '', 'utf8'), id)
    assert.equal((await stat(here ?? '')).mode & 0o777, 0o600)
    await silentFor('here', 60)
    await taken('here', 'machine')
    assert.equal(await readFile(here ?? '', 'utf8'), id)
  })
})

describe('a control whose lease was taken by another', () => {
  for (const [what, machine, message] of [
    ['a copy of its installation', 'machine', /one DATA_DIR is a copy of the other/],
    ['another installation', 'elsewhere', /Give each node its own NODE_ID/],
  ] as const) {
    test(`(${what}) notices at its next renewal, and does not take it back`, async () => {
      const first = await taken('here', 'machine')
      await silentFor('here', 60)
      const second = await taken('here', machine)
      await first.round()
      await assert.rejects(
        first.lost,
        (error) => error instanceof NodeIdTakenError && message.test(error.message),
      )
      assert.equal(await first.isHeld(), false)
      await first.round()
      await first[Symbol.asyncDispose]()
      await second.round()
      assert.ok(await second.isHeld())
    })
  }

  test('notices before it acts when it was frozen meanwhile', async () => {
    let clockMs = 0
    const first = await taken('here', 'machine', () => clockMs)
    await silentFor('here', 60)
    await taken('here', 'elsewhere')
    clockMs += 2_900
    assert.ok(await first.isHeld(), 'nobody can have taken it so soon')
    clockMs += 200
    assert.equal(await first.isHeld(), false)
  })
})

describe('other nodes', () => {
  test('are alive while they renew, dead when they do not, and forgotten when they are done with', async () => {
    let clockMs = 0
    const here = await taken('here', 'h', () => clockMs)
    const there = await taken('there', 't')
    const pass = async (seconds: number, isThereAlive: boolean) => {
      for (let passed = 0; passed < seconds; passed += 2) {
        clockMs += 2_000
        if (isThereAlive) await there.round()
        await here.round()
      }
      const { alive, dead } = here.peers
      return [alive, dead.map(({ id }) => id)]
    }
    assert.deepEqual(await pass(20, true), [['there'], []])
    assert.deepEqual(await pass(10, false), [['there'], []])
    assert.deepEqual(await pass(4, false), [[], ['there']])
    assert.ok(here.isDead('there'))
    const [row] = here.peers.dead
    assert.ok(row)
    await there.round()
    await here.forget(row)
    assert.deepEqual(await pass(2, false), [['there'], []], 'it had come back and was not removed')
    await pass(14, false)
    await here.forget(here.peers.dead[0] ?? assert.fail())
    assert.deepEqual(await pass(2, false), [[], []])
    assert.deepEqual(await pass(2, true), [['there'], []], 'a node that was removed joins again')
    assert.ok(await there.isHeld())
  })
})
