// The shapes of the service's answers: what the page accepts and what it refuses.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamEventShape, StreamShape } from '../../apps/web/src/api/shapes.ts'
import { event, recording, stream } from './stream-fixture.ts'

test('reads a stream and an event, and ignores fields that it does not know', () => {
  const sent = { ...stream('a'), mood: 'fine' }
  assert.deepEqual(StreamShape.parse(sent), stream('a'))
  assert.deepEqual(StreamEventShape.parse({ ...event('7', sent), node: 'x' }), event('7', stream('a')))
})

test('reads an ended stream with an end reason that it does not know', () => {
  const sent = { ...stream('a', { status: 'ended' }), endReason: 'server_moved' }
  assert.equal(StreamShape.parse(sent).endReason, null)
})

test('refuses an answer that is no stream', () => {
  for (const wrong of [null, {}, { ...stream('a'), status: 'paused' }, { ...stream('a'), liveAt: 'soon' }]) {
    assert.equal(StreamShape.safeParse(wrong).success, false)
  }
})

test('reads a recording with an error code that it does not know', () => {
  const lost = recording('a', { status: 'failed', error: { code: 'meteor', detail: 'A meteor came.' } })
  const sent = stream('a', { status: 'ended', recording: lost })
  assert.deepEqual(StreamShape.parse(sent), sent)
})
