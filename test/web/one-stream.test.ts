// One stream on its page: reads and events, in any order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type OneStream,
  type OneStreamInput,
  reduceOneStream,
  UNKNOWN_STREAM,
} from '../../apps/web/src/streams/one-stream.ts'
import { event, recording, stream } from './stream-fixture.ts'

function run(...inputs: OneStreamInput[]): OneStream {
  return inputs.reduce(reduceOneStream, UNKNOWN_STREAM)
}

const waiting = stream('a', { status: 'waiting', liveAt: null })
const live = stream('a')
const read = (of: typeof live, askedAt: string): OneStreamInput => ({ type: 'read', stream: of, askedAt })
const happened = (id: string, of: typeof live): OneStreamInput => ({ type: 'event', event: event(id, of) })

test('takes the answer to a read when nothing has happened since it was asked', () => {
  assert.equal(run(read(waiting, '0')).stream?.status, 'waiting')
  assert.equal(run(happened('7', waiting), read(live, '7')).stream?.status, 'live')
})

test('lets an event that came while the read was under way win', () => {
  assert.equal(run(happened('7', live), read(waiting, '0')).stream?.status, 'live')
})

test('ignores an event that comes twice, or late', () => {
  assert.equal(run(happened('10', live), happened('9', waiting)).stream?.status, 'live')
})

test('keeps what the owner knows of the key when events come, and refreshes it with a late read', () => {
  const streamKey = { expiresAt: '2026-03-01T10:10:00.000Z', ingestUrl: 'rtmp://localhost:1935/live' }
  assert.deepEqual(
    run(read({ ...waiting, streamKey }, '0'), happened('7', live)).stream?.streamKey,
    streamKey,
  )
  const late = run(happened('7', live), read({ ...waiting, streamKey }, '0')).stream
  assert.deepEqual([late?.status, late?.streamKey], ['live', streamKey])
})

test('believes low ids again after a reset', () => {
  assert.equal(
    run(happened('500', live), { type: 'reset' }, happened('3', waiting)).stream?.status,
    'waiting',
  )
})

test('says that a stream is missing, until an event proves otherwise', () => {
  assert.equal(run({ type: 'missing' }).missing, true)
  assert.equal(run({ type: 'missing' }, happened('1', live)).missing, false)
})

test('knows how many watch from reads and from what is told, not from older events', () => {
  const told = (viewers: number, streamId = 'a'): OneStreamInput => ({
    type: 'stream.viewers',
    streamId,
    viewers,
  })
  const counted = run(read({ ...live, viewers: 3 }, '0'), happened('7', live))
  assert.equal(counted.stream?.viewers, 3)
  assert.equal(run(read(live, '0'), told(9), happened('7', live)).stream?.viewers, 9)
  assert.equal(run(read(live, '0'), told(9, 'b')).stream?.viewers, 0)
  assert.equal(run(read(live, '0'), told(9), happened('7', { ...live, status: 'ended' })).stream?.viewers, 0)
  assert.equal(run(told(9)).stream, undefined)
})

test('does not bring a deleted recording back, whatever is still on its way', () => {
  const ended = stream('a', { status: 'ended', recording: recording('a') })
  const seen = run(happened('7', ended))
  assert.equal(seen.stream?.recording?.status, 'ready')
  const deleted = run(happened('7', ended), { type: 'recording-deleted' })
  assert.deepEqual([deleted.stream?.recording, deleted.recordingDeleted], [null, true])
  assert.equal(reduceOneStream(deleted, read(ended, '7')).stream?.recording, null)
  assert.equal(reduceOneStream(deleted, happened('8', ended)).stream?.recording, null)
})
