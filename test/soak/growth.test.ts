import assert from 'node:assert/strict'
import { test } from 'node:test'
import { floors, growthOf } from './growth.ts'

const ALLOWANCE = { absolute: 10, share: 0.1 }
const series = (value: (index: number) => number) => Array.from({ length: 60 }, (_, index) => value(index))

test('a resource that grows with the work is found, noise or not', () => {
  const leak = series((index) => 100 + index + (index % 7))
  assert.ok(growthOf(leak, ALLOWANCE).isGrowing)
})

test('a resource that swings around a level is not growing', () => {
  const swing = series((index) => 100 + 30 * Math.sin(index / 2))
  assert.ok(!growthOf(swing, ALLOWANCE).isGrowing)
})

test('a small growth is noise, by amount and by share', () => {
  assert.ok(
    !growthOf(
      series((index) => 5 + index / 10),
      ALLOWANCE,
    ).isGrowing,
  )
  assert.ok(
    !growthOf(
      series((index) => 10_000 + index),
      ALLOWANCE,
    ).isGrowing,
  )
})

test('a single jump is not growth', () => {
  const jump = series((index) => (index < 45 ? 100 : 200))
  assert.ok(!growthOf(jump, ALLOWANCE).isGrowing)
})

test('a saw-tooth is judged by its lower edge', () => {
  assert.deepEqual(floors([5, 9, 1, 7, 2, 8, 3], 3), [1, 2])
})

test('too few samples are an error, not an all-clear', () => {
  assert.throws(() => growthOf([1, 2], ALLOWANCE))
})
