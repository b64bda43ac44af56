// The state of one stream: reads and events, in any order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  INITIAL_STREAM_STATE,
  reduceStreamState,
  type StreamState,
  type StreamStateInput,
} from '../../apps/web/src/streams/stream-state.ts'
import { event, recording, stream } from './stream-fixture.ts'

function run(...inputs: StreamStateInput[]): StreamState {
  return inputs.reduce(reduceStreamState, INITIAL_STREAM_STATE)
}

const waiting = stream('a', { status: 'waiting', liveAt: null })
const live = stream('a')
const read = (of: typeof live, requestedAt: string): StreamStateInput => ({
  type: 'read',
  stream: of,
  requestedAt,
})
const happened = (id: string, of: typeof live): StreamStateInput => ({ type: 'event', event: event(id, of) })

test('takes the answer to a read when no event came since the request', () => {
  assert.equal(run(read(waiting, '0')).stream?.status, 'waiting')
  assert.equal(run(happened('7', waiting), read(live, '7')).stream?.status, 'live')
})

test('prefers an event that came during the read', () => {
  assert.equal(run(happened('7', live), read(waiting, '0')).stream?.status, 'live')
})

test('ignores an event that comes twice, or late', () => {
  assert.equal(run(happened('10', live), happened('9', waiting)).stream?.status, 'live')
})

test('keeps the owner’s key details when events come, and updates them with a late read', () => {
  const streamKey = { expiresAt: '2026-03-01T10:10:00.000Z', ingestUrl: 'rtmp://localhost:1935/live' }
  assert.deepEqual(
    run(read({ ...waiting, streamKey }, '0'), happened('7', live)).stream?.streamKey,
    streamKey,
  )
  const late = run(happened('7', live), read({ ...waiting, streamKey }, '0')).stream
  assert.deepEqual([late?.status, late?.streamKey], ['live', streamKey])
})

test('accepts low event ids again after a reset', () => {
  assert.equal(
    run(happened('500', live), { type: 'reset' }, happened('3', waiting)).stream?.status,
    'waiting',
  )
})

test('says that a stream is missing until an event of it comes', () => {
  assert.equal(run({ type: 'missing' }).missing, true)
  assert.equal(run({ type: 'missing' }, happened('1', live)).missing, false)
})

test('takes the number of viewers from reads and viewer events, not from other events', () => {
  const viewersEvent = (viewers: number, streamId = 'a'): StreamStateInput => ({
    type: 'stream.viewers',
    streamId,
    viewers,
  })
  const counted = run(read({ ...live, viewers: 3 }, '0'), happened('7', live))
  assert.equal(counted.stream?.viewers, 3)
  assert.equal(run(read(live, '0'), viewersEvent(9), happened('7', live)).stream?.viewers, 9)
  assert.equal(run(read(live, '0'), viewersEvent(9, 'b')).stream?.viewers, 0)
  assert.equal(
    run(read(live, '0'), viewersEvent(9), happened('7', { ...live, status: 'ended' })).stream?.viewers,
    0,
  )
  assert.equal(run(viewersEvent(9)).stream, undefined)
})

test('never brings a deleted recording back, whatever arrives late', () => {
  const ended = stream('a', { status: 'ended', recording: recording('a') })
  const seen = run(happened('7', ended))
  assert.equal(seen.stream?.recording?.status, 'ready')
  const deleted = run(happened('7', ended), { type: 'recording-deleted' })
  assert.deepEqual([deleted.stream?.recording, deleted.recordingDeleted], [null, true])
  assert.equal(reduceStreamState(deleted, read(ended, '7')).stream?.recording, null)
  assert.equal(reduceStreamState(deleted, happened('8', ended)).stream?.recording, null)
})

test('a stream that is deleted while it is shown stays removed, whatever arrives late', () => {
  const removed = run(happened('7', live), { type: 'deleted' }, read(live, '7'), happened('8', live))
  assert.deepEqual([removed.missing, removed.deleted], [true, true])
  assert.deepEqual(
    [run(read(live, '0'), { type: 'missing' }).deleted, run({ type: 'missing' }).deleted],
    [true, false],
  )
})
