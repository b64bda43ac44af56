// The page's small pure pieces: durations, addresses, the encoder's command, shapes of answers.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { reachableHttpUrl, reachableIngestUrl } from '../../apps/web/src/api/reachable.ts'
import { StreamEventShape, StreamShape } from '../../apps/web/src/api/shapes.ts'
import { ffmpegCommand } from '../../apps/web/src/studio/encoder-command.ts'
import { formatDuration } from '../../apps/web/src/ui/duration.ts'
import { lossText } from '../../apps/web/src/ui/recording-loss.ts'
import { formatSize } from '../../apps/web/src/ui/size.ts'
import { event, recording, stream } from './stream-fixture.ts'

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

test('sends a phone to the page’s host where an answer says localhost', () => {
  const local = 'http://localhost:8080/hls/a/index.m3u8'
  assert.equal(reachableHttpUrl(local, 'http://10.0.0.5:8080'), 'http://10.0.0.5:8080/hls/a/index.m3u8')
  assert.equal(reachableIngestUrl('rtmp://localhost:1935/live', '10.0.0.5'), 'rtmp://10.0.0.5:1935/live')
})

test('leaves an address alone that names a host of its own', () => {
  const node = 'https://node2.example.com/hls/a/index.m3u8'
  assert.equal(reachableHttpUrl(node, 'https://example.com'), node)
  assert.equal(reachableIngestUrl('rtmp://in.example.com/live', '10.0.0.5'), 'rtmp://in.example.com/live')
  assert.equal(reachableIngestUrl('rtmp://localhost:1935/live', 'localhost'), 'rtmp://localhost:1935/live')
})

test('gives the shell the publishing address as one word, whatever is in it', () => {
  const command = ffmpegCommand(`rtmp://host/it's $HOME/`, 'live_key').replace(/^ffmpeg/, `printf '%s\\n'`)
  const words = execFileSync('sh', ['-c', command], { encoding: 'utf8' }).trimEnd().split('\n')
  assert.equal(words.at(-1), `rtmp://host/it's $HOME/live_key`)
})

test('reads a stream and an event as the service sends them, with fields it does not know', () => {
  const sent = { ...stream('a'), mood: 'fine' }
  assert.deepEqual(StreamShape.parse(sent), stream('a'))
  assert.deepEqual(StreamEventShape.parse({ ...event('7', sent), node: 'x' }), event('7', stream('a')))
})

test('says that a stream ended even for a reason it does not know', () => {
  const sent = { ...stream('a', { status: 'ended' }), endReason: 'server_moved' }
  assert.equal(StreamShape.parse(sent).endReason, null)
})

test('refuses an answer that is no stream', () => {
  for (const wrong of [null, {}, { ...stream('a'), status: 'paused' }, { ...stream('a'), liveAt: 'soon' }]) {
    assert.equal(StreamShape.safeParse(wrong).success, false)
  }
})

test('reads a recording, and an error that it does not know in the service’s words', () => {
  const lost = recording('a', { status: 'failed', error: { code: 'meteor', detail: 'A meteor came.' } })
  const sent = stream('a', { status: 'ended', recording: lost })
  assert.deepEqual(StreamShape.parse(sent), sent)
  assert.equal(lossText({ ...lost, playback: { hls: null } }), 'A meteor came.')
})

test('says sizes as browsers do', () => {
  assert.deepEqual(
    [0, 640_400, 999_499, 999_500, 12_345_678, 99_960_000, 1_500_000_000, 2e15].map(formatSize),
    ['0 kB', '640 kB', '999 kB', '1.0 MB', '12.3 MB', '100 MB', '1.5 GB', '2000 TB'],
  )
})

test('says what is missing in a recording, and what is safe where it has failed', () => {
  assert.equal(lossText(recording('a')), undefined)
  assert.equal(lossText(recording('a', { status: 'recording', durationS: null })), undefined)
  assert.match(lossText(recording('a', { missingSegments: 2 })) ?? '', /^About 6 seconds/)
  const failed = recording('a', { status: 'failed', error: { code: 'disk_full', detail: '…' } })
  assert.match(lossText(failed) ?? '', /disk was nearly full\. What is safe, 10:00, can be watched\.$/)
  assert.doesNotMatch(lossText({ ...failed, playback: { hls: null } }) ?? '', /safe/)
})
