import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePlaylist } from '../../../apps/control/playlists/playlist.ts'

/** As nginx-rtmp writes it, the second session from its third segment on. */
const TEXT = [
  ...['#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-MEDIA-SEQUENCE:7', '#EXT-X-TARGETDURATION:4'],
  ...['#EXT-X-DISCONTINUITY', '#EXTINF:3.930,', '1795255832481.ts', '#EXTINF:3.000,', '1795255836354.ts'],
  ...['#EXT-X-DISCONTINUITY', '#EXTINF:0.454,', '1795255839356.ts', '#EXTINF:2.000,', '1795255839999.ts'],
  '',
].join('\n')

test('a playlist gives each segment’s start time, sequence number, duration and discontinuity', () => {
  const { closed, segments } = parsePlaylist(TEXT)
  assert.equal(closed, false)
  assert.deepEqual(
    segments.map(({ file, startedAtMs, sequence, durationMs, discontinuity }) => [
      ...[file, startedAtMs, sequence, durationMs, discontinuity],
    ]),
    [
      ['1795255832481.ts', 1795255832481, 7, 3_930, true],
      ['1795255836354.ts', 1795255836354, 8, 3_000, false],
      ['1795255839356.ts', 1795255839356, 9, 454, true],
      ['1795255839999.ts', 1795255839999, 10, 2_000, false],
    ],
  )
  assert.equal(parsePlaylist(`${TEXT}#EXT-X-ENDLIST\n`).closed, true)
})

test('the segments after one are the same as in the whole playlist', () => {
  for (const text of [TEXT, `${TEXT}#EXT-X-ENDLIST\n`]) {
    const whole = parsePlaylist(text)
    whole.segments.forEach((segment, index) => {
      const rest = parsePlaylist(text, segment)
      assert.deepEqual(rest, { ...whole, segments: whole.segments.slice(index + 1) })
    })
  }
})

test('after a segment that is no longer listed, all segments follow', () => {
  const [first] = parsePlaylist(TEXT).segments
  assert.ok(first)
  const gone = { ...first, file: '1700000000000.ts' }
  assert.deepEqual(parsePlaylist(TEXT, gone), parsePlaylist(TEXT))
})

test('anything but a media playlist is an error', () => {
  for (const text of ['', 'hello', '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n'])
    assert.throws(() => parsePlaylist(text))
})
