// What the page says about missing parts of a recording.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lossText } from '../../apps/web/src/ui/recording-loss.ts'
import { recording } from './stream-fixture.ts'

test('says nothing about a recording that is complete so far', () => {
  assert.equal(lossText(recording('a')), undefined)
  assert.equal(lossText(recording('a', { status: 'recording', durationS: null })), undefined)
})

test('says how much is missing, and what can be watched after a failure', () => {
  assert.match(lossText(recording('a', { missingSegments: 2 })) ?? '', /^About 6 seconds/)
  const failed = recording('a', { status: 'failed', error: { code: 'disk_full', detail: '…' } })
  assert.match(
    lossText(failed) ?? '',
    /disk was nearly full during the recording\. The recorded part \(10:00\) can be watched\.$/,
  )
  assert.doesNotMatch(lossText({ ...failed, playback: { hls: null } }) ?? '', /can be watched/)
})

test('uses the service’s own words for an error code that it does not know', () => {
  const lost = recording('a', { status: 'failed', error: { code: 'meteor', detail: 'A meteor came.' } })
  assert.equal(lossText({ ...lost, playback: { hls: null } }), 'A meteor came.')
})
