import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredSegment } from '../../../apps/control/domain/segment.ts'
import { toRuns, vodPlaylist } from '../../../apps/control/recordings/vod-playlist.ts'

const T0 = Date.parse('2026-01-02T03:04:05.678Z')
const segment = (sequence: number, durationMs: number, discontinuity = false): StoredSegment => ({
  startedAtMs: T0 + sequence * 3_000,
  ...{ sequence, durationMs, discontinuity, node: '' },
})

test('lists all segments in order, with ENDLIST, and with a date at the start of each run', () => {
  const segments = [segment(0, 3_930, true), segment(1, 3_000), segment(2, 454), segment(3, 4_001, true)]
  assert.deepEqual(vodPlaylist(toRuns(segments)).split('\n'), [
    '#EXTM3U',
    '#EXT-X-VERSION:3',
    '#EXT-X-TARGETDURATION:5',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-DISCONTINUITY',
    '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.678Z',
    '#EXTINF:3.93,',
    `${T0}-0-3930-d.ts`,
    '#EXTINF:3,',
    `${T0 + 3_000}-1-3000.ts`,
    '#EXTINF:0.454,',
    `${T0 + 6_000}-2-454.ts`,
    '#EXT-X-DISCONTINUITY',
    '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:14.678Z',
    '#EXTINF:4.001,',
    `${T0 + 9_000}-3-4001-d.ts`,
    '#EXT-X-ENDLIST',
    '',
  ])
})

test('a missing segment is a discontinuity, though nginx’s playlist has none there', () => {
  const runs = toRuns([segment(0, 3_000, true), segment(1, 3_000), segment(4, 3_000), segment(5, 3_000)])
  assert.deepEqual(
    runs.map((run) => run.map(({ sequence }) => sequence)),
    [
      [0, 1],
      [4, 5],
    ],
  )
  assert.equal(vodPlaylist(runs).match(/#EXT-X-DISCONTINUITY/g)?.length, 2)
})

test('the target duration is at least 1', () => {
  assert.match(vodPlaylist(toRuns([segment(0, 0, true)])), /#EXT-X-TARGETDURATION:1\n/)
})
