// The state of the home page: a snapshot plus events.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordingPage } from '../../apps/web/src/api/recordings.ts'
import type { Stream } from '../../apps/web/src/api/shapes.ts'
import { type HomeState, reduceHomeState } from '../../apps/web/src/home/home-state.ts'
import { event, recording, stream } from './stream-fixture.ts'

function page(lastEventId: string, nextCursor: string | null, ...streamIds: string[]): RecordingPage {
  return { recordings: streamIds.map((id) => recording(id)), nextCursor, lastEventId }
}

function snapshot(lastEventId: string, ...streams: Stream[]): HomeState | undefined {
  return withRecordings(page(lastEventId, null), ...streams)
}

function withRecordings(recordingPage: RecordingPage, ...streams: Stream[]): HomeState | undefined {
  const { lastEventId } = recordingPage
  return reduceHomeState(undefined, { type: 'snapshot', streams, page: recordingPage, lastEventId })
}

function after(home: HomeState | undefined, id: string, changed: Stream): HomeState | undefined {
  return reduceHomeState(home, { type: 'event', event: event(id, changed) })
}

function ids(home: HomeState | undefined): string[] | undefined {
  return home?.streams.map(({ id }) => id)
}

function recordingIds(home: HomeState | undefined): string[] | undefined {
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

test('puts the newest stream first, whether the snapshot or an event brought it', () => {
  const old = stream('old', { liveAt: '2026-03-01T08:00:00.000Z' })
  const mid = stream('mid', { liveAt: '2026-03-01T09:00:00.000Z' })
  const young = stream('young', { liveAt: '2026-03-01T11:00:00.000Z' })
  assert.deepEqual(ids(after(snapshot('1', old, young), '2', mid)), ['young', 'mid', 'old'])
})

test('ignores an event that the snapshot already includes', () => {
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

test('replaces everything when a new snapshot comes, even if its event ids restart', () => {
  const before = after(snapshot('500', stream('a')), '501', stream('b'))
  const restarted = reduceHomeState(before, {
    type: 'snapshot',
    streams: [stream('c')],
    page: page('3', null),
    lastEventId: '3',
  })
  assert.deepEqual(ids(after(restarted, '4', stream('d'))), ['c', 'd'])
})

test('has no state before the first snapshot', () => {
  assert.equal(after(undefined, '5', stream('a')), undefined)
})

test('shows the number of viewers, and no older event changes it', () => {
  const counted = reduceHomeState(snapshot('1', stream('a'), stream('b')), {
    type: 'stream.viewers',
    streamId: 'a',
    viewers: 7,
  })
  const later = after(counted, '2', stream('a', { status: 'reconnecting', viewers: 2 }))
  assert.deepEqual(
    later?.streams.map(({ id, status, viewers }) => `${id} ${status} ${viewers}`),
    ['a reconnecting 7', 'b live 0'],
  )
})

const ended = (id: string, startedAt: string, status: 'processing' | 'ready' | 'failed' = 'ready') =>
  stream(id, { status: 'ended', recording: recording(id, { startedAt, status }) })

test('shows a recording once it is ready, newest stream first', () => {
  const processing = after(snapshot('1', stream('a')), '2', ended('a', '2026-03-01T10:00:00Z', 'processing'))
  assert.deepEqual(recordingIds(processing), [])
  const ready = after(processing, '3', ended('a', '2026-03-01T10:00:00Z'))
  assert.deepEqual([ids(ready), recordingIds(ready)], [[], ['a']])
  const older = after(ready, '4', ended('b', '2026-03-01T09:00:00Z'))
  assert.deepEqual(recordingIds(after(older, '5', ended('c', '2026-03-01T11:00:00Z'))), ['c', 'a', 'b'])
})

test('shows a recording only once, whether the snapshot or an event brought it', () => {
  const home = withRecordings(page('1', null, 'a', 'b'))
  assert.deepEqual(recordingIds(after(home, '2', ended('a', '2026-03-01T10:01:04.000Z')))?.toSorted(), [
    'a',
    'b',
  ])
  assert.deepEqual(recordingIds(after(home, '3', ended('b', '2026-03-01T10:00:00Z', 'failed'))), ['a'])
})

test('appends older recordings, none of them twice', () => {
  const first = withRecordings(page('5', 'from-b', 'a', 'b'))
  assert.equal(first?.olderCursor, 'from-b')
  const all = reduceHomeState(first, { type: 'older', page: page('6', null, 'b', 'c') })
  assert.deepEqual([recordingIds(all), all?.olderCursor, all?.cursor], [['a', 'b', 'c'], null, '5'])
})

test('removes deleted recordings when the list is read again, unless an event is newer than the list', () => {
  const home = withRecordings(page('5', null, 'a', 'b'), stream('c'))
  const again = reduceHomeState(home, { type: 'recordings', page: page('5', 'from-b', 'b') })
  assert.deepEqual([recordingIds(again), again?.olderCursor, ids(again)], [['b'], 'from-b', ['c']])
  const ready = after(home, '6', ended('c', '2026-03-01T11:00:00Z'))
  assert.equal(reduceHomeState(ready, { type: 'recordings', page: page('5', null, 'a', 'b') }), ready)
})

test('a deleted stream leaves both lists, and an old deletion changes nothing', () => {
  const home = withRecordings(page('5', null, 'a', 'b'), stream('c'))
  const without = (id: string, streamId: string) =>
    reduceHomeState(home, { type: 'deleted', event: { id, stream: { id: streamId } } })
  assert.deepEqual([recordingIds(without('6', 'a')), ids(without('6', 'c'))], [['b'], []])
  assert.equal(without('5', 'a'), home)
})
