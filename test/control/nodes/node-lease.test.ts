import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Logger } from '../../../apps/control/common/logger.ts'
import { Database } from '../../../apps/control/database/database.ts'
import { NodeIdTakenError, NodeLease } from '../../../apps/control/nodes/node-lease.ts'
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts'

const logger: Logger = { fatal() {}, error() {}, warn() {}, info() {}, debug() {} }
let own: TestDatabase
let database: Database
let clockMs = 0
before(async () => {
  own = await createMigratedDatabase()
  database = new Database(own.url)
  await database.open()
})
after(async () => {
  await database[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})
beforeEach(() => own.query('DELETE FROM nodes'))

const leaseOf = (nodeId: string, place: string) =>
  new NodeLease({ database, logger, nodeId, place, monotonicMs: () => clockMs })
const runOut = (nodeId: string) =>
  own.query('UPDATE nodes SET lease_until = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE id = ?', [nodeId])

/** Renews as often as the reconciler does. */
async function renewFor(lease: NodeLease, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 2) {
    clockMs += 2_000
    await lease.renew()
  }
}

test('a node whose lease has run out is dead, once this node has renewed for a whole lease', async () => {
  const here = leaseOf('here', 'h')
  await here.take()
  await leaseOf('there', 't').take()
  await renewFor(here, 16)
  assert.deepEqual(await here.others(), { alive: ['there'], gone: [], isCertain: true })
  await runOut('there')
  assert.deepEqual(await here.others(), { alive: [], gone: ['there'], isCertain: true })
})

test('after a database outage no node is declared dead before it could have renewed', async () => {
  const here = leaseOf('here', 'h')
  await here.take()
  const there = leaseOf('there', 't')
  await there.take()
  await renewFor(here, 16)
  clockMs += 40_000
  await runOut('there')
  await here.renew()
  assert.deepEqual(await here.others(), { alive: [], gone: [], isCertain: false })
  await there.renew()
  await renewFor(here, 16)
  assert.deepEqual(await here.others(), { alive: ['there'], gone: [], isCertain: true })
})

test('a restart takes over the node’s own lease at once', async () => {
  await leaseOf('here', 'h').take()
  await leaseOf('here', 'h').take()
})

test('a control elsewhere with the same NODE_ID is refused while the lease is renewed', async () => {
  const first = leaseOf('here', 'h')
  await first.take()
  const renewing = setInterval(() => void first.renew(), 200)
  await assert.rejects(leaseOf('here', 'elsewhere').take(), NodeIdTakenError)
  clearInterval(renewing)
})

test('a lease that was handed back can be taken elsewhere at once', async () => {
  const here = leaseOf('here', 'h')
  await here.take()
  await here[Symbol.asyncDispose]()
  await leaseOf('here', 'elsewhere').take()
})
