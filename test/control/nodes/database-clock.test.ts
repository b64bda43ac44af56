import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Logger } from '../../../apps/control/common/logger.ts'
import { DatabaseClock } from '../../../apps/control/nodes/database-clock.ts'

const T0 = Date.parse('2026-01-02T03:04:05.000Z')

/** A machine and a database with clocks of their own; the monotonic clock begins at 0. */
class World {
  monotonicMs = 0
  systemAheadMs = 0
  databaseAheadMs = 0
  readonly lines: string[] = []
  readonly clock: DatabaseClock

  constructor() {
    const line = (_: unknown, text?: string) => void this.lines.push(text ?? '')
    const logger = { fatal() {}, error() {}, warn: line, info: line, debug() {} } as Logger
    this.clock = new DatabaseClock({
      logger,
      monotonicMs: () => this.monotonicMs,
      systemMs: () => T0 + this.monotonicMs + this.systemAheadMs,
    })
  }

  /** Reads the database's clock: so long until the database has the question, and until its answer is here. */
  read(toMs = 1, backMs = 1): void {
    const askedMs = this.monotonicMs
    this.monotonicMs += toMs
    const databaseNow = new Date(T0 + this.monotonicMs + this.databaseAheadMs)
    this.monotonicMs += backMs
    this.clock.observe({ databaseNow, askedMs, answeredMs: this.monotonicMs })
  }

  /** How far the clock's time is ahead of the database's. */
  get errorMs(): number {
    return this.clock.now().getTime() - (T0 + this.monotonicMs + this.databaseAheadMs)
  }
}

test('shows the database’s time between readings, whatever this machine’s clock does', () => {
  const world = new World()
  world.databaseAheadMs = -61_000
  world.read()
  for (const aheadMs of [0, 90_000, -3_600_000]) {
    world.systemAheadMs = aheadMs
    world.monotonicMs += 1_000
    assert.ok(Math.abs(world.errorMs) <= 2, `${world.errorMs} ms`)
  }
})

test('shows this machine’s time before the first reading', () => {
  const world = new World()
  world.systemAheadMs = 5_000
  assert.equal(world.clock.now().getTime(), T0 + 5_000)
})

test('does not move with answers that take long to come, in one direction or the other', () => {
  const world = new World()
  world.read(1, 1)
  for (const [toMs, backMs] of [
    [1_700, 1],
    [1, 1_700],
    [300, 20],
  ] as const) {
    world.read(toMs, backMs)
    assert.ok(Math.abs(world.errorMs) <= 2, `${world.errorMs} ms`)
  }
})

test('corrects a first reading that took long', () => {
  const world = new World()
  world.read(1_700, 1)
  assert.ok(Math.abs(world.errorMs) > 800)
  world.read(1, 1)
  assert.ok(Math.abs(world.errorMs) <= 2, `${world.errorMs} ms`)
})

test('follows the database’s clock when that is set', () => {
  const world = new World()
  world.read()
  for (const aheadMs of [30_000, -30_000]) {
    world.databaseAheadMs = aheadMs
    world.read()
    assert.ok(Math.abs(world.errorMs) <= 2, `${world.errorMs} ms`)
  }
})

test('reports a difference of more than a second once for each change, and its end', () => {
  const world = new World()
  const linesAfter = (systemAheadMs: number) => {
    world.lines.length = 0
    world.systemAheadMs = systemAheadMs
    for (let count = 0; count < 3; count++) world.read()
    return world.lines.length
  }
  assert.equal(linesAfter(900), 0)
  assert.equal(linesAfter(61_000), 1)
  assert.match(world.lines[0] ?? '', /differs/)
  assert.ok(Math.abs(world.clock.systemOffsetMs - 61_000) <= 2)
  assert.equal(linesAfter(61_500), 0)
  assert.equal(linesAfter(-90_000), 1)
  assert.equal(linesAfter(100), 1)
  assert.match(world.lines[0] ?? '', /agrees/)
  assert.equal(linesAfter(0), 0)
})
