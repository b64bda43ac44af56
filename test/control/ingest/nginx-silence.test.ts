import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NginxSilence } from '../../../apps/control/ingest/nginx-silence.ts'

/** Looks that began at these times, in ms, and failed a second later. */
function failedAt(...times: number[]): NginxSilence {
  let nowMs = 0
  const silence = new NginxSilence(() => nowMs)
  for (const time of times) {
    nowMs = time + 1_000
    silence.failed(time)
  }
  return silence
}

test('nginx is away when three looks in a row have failed over 8 s', () => {
  assert.ok(failedAt(0, 2_000, 4_000, 7_000).isAway)
  assert.ok(failedAt(0, 4_000, 8_000).isAway)
})

test('nginx is not away because it is slow for a moment, or because nobody looked for long', () => {
  assert.ok(!failedAt(0, 1_000, 2_000, 3_000, 4_000).isAway)
  assert.ok(!failedAt(0, 60_000).isAway)
})

test('an answer begins the count anew', () => {
  const silence = failedAt(0, 4_000, 8_000)
  silence.answered()
  assert.ok(!silence.isAway && !silence.isSilent)
  silence.failed(9_000)
  assert.ok(!silence.isAway && silence.isSilent)
})
