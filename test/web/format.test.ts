// How durations and file sizes are shown.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration } from '../../apps/web/src/ui/format-duration.ts'
import { formatSize } from '../../apps/web/src/ui/format-size.ts'

test('shows durations as a clock does', () => {
  assert.deepEqual([-5_000, 0, 59_999, 60_000, 3_599_000, 3_661_000, 36_000_000].map(formatDuration), [
    '0:00',
    '0:00',
    '0:59',
    '1:00',
    '59:59',
    '1:01:01',
    '10:00:00',
  ])
})

test('shows file sizes as browsers do', () => {
  assert.deepEqual(
    [0, 640_400, 999_499, 999_500, 12_345_678, 99_960_000, 1_500_000_000, 2e15].map(formatSize),
    ['0 kB', '640 kB', '999 kB', '1.0 MB', '12.3 MB', '100 MB', '1.5 GB', '2000 TB'],
  )
})
