// The first page: a snapshot plus events.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordingPage } from '../../apps/web/src/api/recordings.ts'
import type { Stream } from '../../apps/web/src/api/shapes.ts'
import { type Home, reduceHome } from '../../apps/web/src/streams/home.ts'
import { event, recording, stream } from './stream-fixture.ts'

function page(lastEventId: string, nextCursor: string | null, ...streamIds: string[]): RecordingPage {
  return { recordings: streamIds.map((id) => recording(id)), nextCursor, lastEventId }
}

function snapshot(lastEventId: string, ...streams: Stream[]): Home | undefined {
  return withRecordings(page(lastEventId, null), ...streams)
}

function withRecordings(recorded: RecordingPage, ...streams: Stream[]): Home | undefined {
  const { lastEventId } = recorded
  return reduceHome(undefined, { type: 'snapshot', streams, recorded, lastEventId })
}

function after(home: Home | undefined, id: string, changed: Stream): Home | undefined {
  return reduceHome(home, { type: 'event', event: event(id, changed) })
}

function ids(home: Home | undefined): string[] | undefined {
  return home?.streams.map(({ id }) => id)
}

function recorded(home: Home | undefined): string[] | undefined {
  return home?.recordings.map(({ streamId }) => streamId)
}

test('shows a stream when it goes live and removes it when it ends', () => {
  const live = after(snapshot('9'), '10', stream('a'))
  assert.deepEqual(ids(live), ['a'])
  assert.deepEqual(ids(after(live, '11', stream('a', { status: 'ended' }))), [])
})

test('keeps a stream whose publisher is lost, with its new status', () => {
  const list = after(snapshot('1', stream('a'), stream('b')), '2', stream('a', { status: 'reconnecting' }))
  assert.deepEqual(
    list?.streams.map(({ id, status }) => `${id} ${status}`),
    ['a reconnecting', 'b live'],
  )
})

test('puts the newest broadcast first, wherever it comes from', () => {
  const old = stream('old', { liveAt: '2026-03-01T08:00:00.000Z' })
  const mid = stream('mid', { liveAt: '2026-03-01T09:00:00.000Z' })
  const young = stream('young', { liveAt: '2026-03-01T11:00:00.000Z' })
  assert.deepEqual(ids(after(snapshot('1', old, young), '2', mid)), ['young', 'mid', 'old'])
})

test('is not set back by an event that the snapshot has already seen', () => {
  const list = snapshot('100', stream('a', { status: 'reconnecting' }))
  assert.equal(after(list, '99', stream('a')), list)
  assert.equal(after(list, '100', stream('a')), list)
})

test('ignores an event that comes twice, or late', () => {
  const ended = after(after(snapshot('1'), '2', stream('a')), '3', stream('a', { status: 'ended' }))
  assert.deepEqual(ids(after(ended, '2', stream('a'))), [])
})

test('compares event ids as numbers, not as texts', () => {
  assert.deepEqual(ids(after(snapshot('9'), '10', stream('a'))), ['a'])
  const beyondDoubles = after(snapshot('9007199254740992'), '9007199254740993', stream('a'))
  assert.deepEqual(ids(beyondDoubles), ['a'])
})

test('forgets everything older when a new snapshot comes, even if its ids begin anew', () => {
  const before = after(snapshot('500', stream('a')), '501', stream('b'))
  const anew = reduceHome(before, {
    type: 'snapshot',
    streams: [stream('c')],
    recorded: page('3', null),
    lastEventId: '3',
  })
  assert.deepEqual(ids(after(anew, '4', stream('d'))), ['c', 'd'])
})

test('knows nothing before the first snapshot', () => {
  assert.equal(after(undefined, '5', stream('a')), undefined)
})

test('shows how many watch, and lets no older event change that', () => {
  const told = reduceHome(snapshot('1', stream('a'), stream('b')), {
    type: 'stream.viewers',
    streamId: 'a',
    viewers: 7,
  })
  const later = after(told, '2', stream('a', { status: 'reconnecting', viewers: 2 }))
  assert.deepEqual(
    later?.streams.map(({ id, status, viewers }) => `${id} ${status} ${viewers}`),
    ['a reconnecting 7', 'b live 0'],
  )
})

const ended = (id: string, startedAt: string, status: 'processing' | 'ready' | 'failed' = 'ready') =>
  stream(id, { status: 'ended', recording: recording(id, { startedAt, status }) })

test('shows a recording once it is ready, that of the newest broadcast first', () => {
  const processing = after(snapshot('1', stream('a')), '2', ended('a', '2026-03-01T10:00:00Z', 'processing'))
  assert.deepEqual(recorded(processing), [])
  const ready = after(processing, '3', ended('a', '2026-03-01T10:00:00Z'))
  assert.deepEqual([ids(ready), recorded(ready)], [[], ['a']])
  const older = after(ready, '4', ended('b', '2026-03-01T09:00:00Z'))
  assert.deepEqual(recorded(after(older, '5', ended('c', '2026-03-01T11:00:00Z'))), ['c', 'a', 'b'])
})

test('shows a recording once, whether the snapshot or an event has told of it', () => {
  const home = withRecordings(page('1', null, 'a', 'b'))
  assert.deepEqual(recorded(after(home, '2', ended('a', '2026-03-01T10:01:04.000Z')))?.toSorted(), ['a', 'b'])
  assert.deepEqual(recorded(after(home, '3', ended('b', '2026-03-01T10:00:00Z', 'failed'))), ['a'])
})

test('adds older recordings behind those it shows, none of them twice', () => {
  const first = withRecordings(page('5', 'from-b', 'a', 'b'))
  assert.equal(first?.olderFrom, 'from-b')
  const all = reduceHome(first, { type: 'older', recorded: page('6', null, 'b', 'c') })
  assert.deepEqual([recorded(all), all?.olderFrom, all?.cursor], [['a', 'b', 'c'], null, '5'])
})

test('drops what was deleted when the recordings are read anew, unless events know better', () => {
  const home = withRecordings(page('5', null, 'a', 'b'), stream('c'))
  const again = reduceHome(home, { type: 'recordings', recorded: page('5', 'from-b', 'b') })
  assert.deepEqual([recorded(again), again?.olderFrom, ids(again)], [['b'], 'from-b', ['c']])
  const ready = after(home, '6', ended('c', '2026-03-01T11:00:00Z'))
  assert.equal(reduceHome(ready, { type: 'recordings', recorded: page('5', null, 'a', 'b') }), ready)
})
