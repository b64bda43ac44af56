import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StoredSegment } from '../../../apps/control/domain/segment.ts'
import { nodeTag, parseSegmentName, segmentName } from '../../../apps/control/recordings/segment-name.ts'

const segment: fc.Arbitrary<StoredSegment> = fc.record(
  {
    startedAtMs: fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }),
    sequence: fc.integer({ min: 0, max: 999_999_999 }),
    durationMs: fc.integer({ min: 0, max: 999_999_999 }),
    discontinuity: fc.boolean(),
    node: fc.oneof(fc.constant(''), fc.string().map(nodeTag)),
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

test('segments of versions that did not name the node are segments, too', () => {
  assert.deepEqual(parseSegmentName('1795255832481-7-3000-d.ts'), {
    ...{ startedAtMs: 1_795_255_832_481, sequence: 7, durationMs: 3_000 },
    ...{ node: '', discontinuity: true },
  })
})
