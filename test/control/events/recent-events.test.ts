import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventFilter } from '../../../apps/control/events/filter.ts'
import { toFramed } from '../../../apps/control/events/frame.ts'
import { RecentEvents } from '../../../apps/control/events/recent-events.ts'

const ALL: EventFilter = { streamId: null, types: null }

function event(id: number, { bytes = 10, streamId = 'a' } = {}) {
  const data = JSON.stringify({ padding: 'x'.repeat(bytes) })
  return toFramed({ id, type: 'stream.live', streamId, wasLive: true, createdAt: new Date(0), data })
}

/** Reads to the end, piece by piece. */
function read(recent: RecentEvents, cursor: number, filter = ALL): number[] {
  const ids: number[] = []
  for (let at = cursor; at < recent.head; ) {
    const piece = recent.after(at, filter)
    assert.ok(piece.cursor > at && (piece.bytes?.length ?? 0) < 256 * 1024)
    ids.push(...[...(piece.bytes?.toString() ?? '').matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)))
    at = piece.cursor
  }
  return ids
}

const upTo = (last: number, start = 1) => Array.from({ length: last - start + 1 }, (_, n) => start + n)

test('keeps the newest events, and knows from where on it has all of them', () => {
  const recent = new RecentEvents(0, 100)
  for (const id of upTo(1_000)) recent.add(event(id))
  assert.deepEqual([recent.covers(899), recent.covers(900), recent.head], [false, true, 1_000])
  assert.deepEqual(read(recent, 900), upTo(1_000, 901))
  assert.deepEqual(read(recent, 950, { streamId: 'b', types: null }), [])
})

test('is bounded in bytes, too, and gives out large events in pieces', () => {
  const recent = new RecentEvents(0, 4_000)
  for (const id of upTo(1_000)) recent.add(event(id, { bytes: 60_000 }))
  const kept = read(recent, 1_000 - 139)
  assert.deepEqual(kept, upTo(1_000, 862))
  assert.ok(!recent.covers(850), 'more than 8 MB are kept')
})

test('forgets what is removed from the log', () => {
  const recent = new RecentEvents(0, 100)
  for (const id of upTo(10)) recent.add(event(id))
  recent.removeUpTo(4)
  assert.deepEqual([recent.covers(3), recent.covers(4)], [false, true])
  assert.deepEqual(read(recent, 4), upTo(10, 5))
  recent.removeUpTo(10)
  assert.deepEqual([recent.covers(9), recent.covers(10), recent.head], [false, true, 10])
})

test('readers with the same cursor and filter are given the same bytes', () => {
  const recent = new RecentEvents(0, 100)
  for (const id of upTo(10)) recent.add(event(id))
  const first = recent.after(3, ALL)
  assert.equal(recent.after(3, { streamId: null, types: null }), first)
  recent.add(event(11))
  assert.deepEqual(recent.after(3, ALL).cursor, 11)
})
