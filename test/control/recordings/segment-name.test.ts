import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { missingBetween, type Segment } from '../../../apps/control/domain/segment.ts'
import { parseSegmentName, segmentName } from '../../../apps/control/recordings/segment-name.ts'

const segment: fc.Arbitrary<Segment> = fc.record(
  {
    startedAtMs: fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }),
    sequence: fc.integer({ min: 0, max: 999_999_999 }),
    durationMs: fc.integer({ min: 0, max: 999_999_999 }),
    discontinuity: fc.boolean(),
  },
  { noNullPrototype: true },
)

test('a name holds all properties of its segment, and needs no escaping in a URL', () => {
  fc.assert(
    fc.property(segment, (given) => {
      assert.deepEqual(parseSegmentName(segmentName(given)), given)
      assert.match(segmentName(given), /^[a-z0-9-]+\.ts$/)
    }),
  )
})

test('sorted names are in the order in which the segments began', () => {
  fc.assert(
    fc.property(fc.uniqueArray(segment, { selector: ({ startedAtMs }) => startedAtMs }), (segments) => {
      const byTime = [...segments].sort((a, b) => a.startedAtMs - b.startedAtMs)
      assert.deepEqual(segments.map(segmentName).sort(), byTime.map(segmentName))
    }),
  )
})

test('other file names are not segments', () => {
  for (const name of ['index.m3u8', 'poster.jpg', '1795255832481.ts', '1795255832481-0-3000-x.ts', ''])
    assert.equal(parseSegmentName(name), null, name)
})

test('gaps in nginx’s numbers are missing segments; another node starts from 0 again', () => {
  const at = (sequence: number): Segment => ({
    startedAtMs: 1e12,
    sequence,
    durationMs: 1,
    discontinuity: false,
  })
  assert.equal(missingBetween(undefined, at(0)), 0)
  assert.equal(missingBetween(undefined, at(2)), 2)
  assert.equal(missingBetween(at(4), at(5)), 0)
  assert.equal(missingBetween(at(4), at(8)), 3)
  assert.equal(missingBetween(at(4), at(0)), 0)
})
