// Which segments follow each other, and which are missing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { continues, MissingCount, type StoredSegment } from '../../../apps/control/domain/segment.ts'

function segment(node: string, sequence: number, discontinuity = false): StoredSegment {
  return { node, sequence, discontinuity, startedAtMs: 1e12, durationMs: 3_000 }
}

function missing(...numbers: readonly (readonly [string, ...number[]])[]): number {
  const count = new MissingCount()
  for (const [node, ...sequences] of numbers)
    for (const sequence of sequences) count.add(segment(node, sequence))
  return count.total
}

test('gaps in a node’s numbers are missing segments', () => {
  assert.equal(missing(['a', 0, 1, 2]), 0)
  assert.equal(missing(['a', 2, 3]), 2)
  assert.equal(missing(['a', 0, 4, 8]), 6)
})

test('each node has its own numbers, and continues them when the broadcast comes back', () => {
  assert.equal(missing(['a', 0, 1, 2], ['b', 0, 1], ['a', 3, 4]), 0)
  assert.equal(missing(['a', 0, 1, 2], ['b', 1], ['a', 5]), 3)
})

test('a node that begins again with 0, in a new directory, has lost nothing', () => {
  assert.equal(missing(['a', 0, 1, 2], ['a', 0, 1]), 0)
  assert.equal(missing(['a', 0, 1, 2], ['a', 1, 2]), 1)
})

test('the order does not matter as long as a node counts on', () => {
  const numbers = fc.uniqueArray(fc.nat(50), { minLength: 1 })
  fc.assert(
    fc.property(numbers, (sequences) => {
      const sorted = [...sequences].sort((a, b) => a - b)
      assert.equal(missing(['a', ...sequences]), missing(['a', ...sorted]))
      assert.equal(missing(['a', ...sequences]), Math.max(...sequences) + 1 - sequences.length)
    }),
  )
})

test('a segment continues the one before it only in the same session', () => {
  assert.ok(continues(segment('a', 1), segment('a', 2)))
  assert.ok(!continues(segment('a', 1), segment('a', 3)))
  assert.ok(!continues(segment('a', 1), segment('b', 2)))
  assert.ok(!continues(segment('a', 1), segment('a', 2, true)))
})
