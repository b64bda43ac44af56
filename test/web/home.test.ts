// The live list: a snapshot plus events.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stream } from '../../apps/web/src/api/shapes.ts'
import { type LiveList, reduceLiveList } from '../../apps/web/src/streams/live-list.ts'
import { event, stream } from './stream-fixture.ts'

function snapshot(lastEventId: string, ...streams: Stream[]): LiveList | undefined {
  return reduceLiveList(undefined, { type: 'snapshot', streams, lastEventId })
}

function after(list: LiveList | undefined, id: string, changed: Stream): LiveList | undefined {
  return reduceLiveList(list, { type: 'event', event: event(id, changed) })
}

function ids(list: LiveList | undefined): string[] | undefined {
  return list?.streams.map(({ id }) => id)
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
  const anew = reduceLiveList(before, { type: 'snapshot', streams: [stream('c')], lastEventId: '3' })
  assert.deepEqual(ids(after(anew, '4', stream('d'))), ['c', 'd'])
})

test('knows nothing before the first snapshot', () => {
  assert.equal(after(undefined, '5', stream('a')), undefined)
})

test('shows how many watch, and lets no older event change that', () => {
  const told = reduceLiveList(snapshot('1', stream('a'), stream('b')), {
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
