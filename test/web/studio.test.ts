// The studio's pure functions: bitrate history, bitrate plot, formatted measurements, and advice.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attempt, Ingest } from '../../apps/web/src/api/shapes.ts'
import { advice } from '../../apps/web/src/studio/advice.ts'
import { attemptNotice, endDetail } from '../../apps/web/src/studio/attempt-notice.ts'
import { bitratePath } from '../../apps/web/src/studio/bitrate-path.ts'
import { type IngestHistory, NO_HISTORY, reduceIngest } from '../../apps/web/src/studio/ingest-history.ts'
import { audioText, bitrateText, frameRateText, videoText } from '../../apps/web/src/ui/format-ingest.ts'
import { stream } from './stream-fixture.ts'

const START = Date.parse('2026-03-01T10:00:00.000Z')

function ingest(seconds: number, bytesReceived: number | null, changes: Partial<Ingest> = {}): Ingest {
  return {
    connectedAt: '2026-03-01T09:59:00.000Z',
    measuredAt: new Date(START + seconds * 1_000).toISOString(),
    bytesReceived,
    bitrate: null,
    video: { codec: 'H264', profile: 'High', level: '3.1', width: 1280, height: 720, frameRate: 29.970_03 },
    audio: { codec: 'AAC', profile: 'LC', channels: 2, sampleRate: 48_000 },
    ...changes,
  }
}

const run = (...answers: Ingest[]): IngestHistory => answers.reduce(reduceIngest, NO_HISTORY)

test('computes the bitrate from the bytes between two measurements', () => {
  const { samples } = run(ingest(0, 1_000_000), ingest(2, 1_500_000), ingest(4, 1_500_000))
  assert.deepEqual(
    samples.map(({ bitrate }) => bitrate),
    [2_000_000, 0],
  )
})

test('counts a repeated measurement once', () => {
  const { samples } = run(
    ingest(0, 1_000_000),
    ingest(0, 1_000_000),
    ingest(0.2, 1_000_000),
    ingest(2, 1_500_000),
  )
  assert.deepEqual(samples, [{ at: START + 2_000, bitrate: 2_000_000 }])
})

test('starts again with a new connection, and keeps the earlier samples', () => {
  const back = { connectedAt: '2026-03-01T10:00:05.000Z' }
  const { samples } = run(ingest(0, 0), ingest(2, 500_000), ingest(8, 100, back), ingest(10, 250_100, back))
  assert.deepEqual(
    samples.map(({ bitrate }) => bitrate),
    [2_000_000, 1_000_000],
  )
})

test('drops samples older than three minutes', () => {
  const answers = Array.from({ length: 200 }, (_, index) => ingest(index * 2, index * 500_000))
  const { samples } = run(...answers)
  assert.equal(samples.length, 90)
})

test('draws no line across a gap between measurements', () => {
  const frame = { width: 100, height: 64, until: START + 60_000, spanMs: 60_000, top: 100 }
  const at = (seconds: number) => ({ at: START + seconds * 1_000, bitrate: 100 })
  const { line } = bitratePath([at(0), at(2), at(30), at(32)], frame)
  assert.equal(line, 'M0.0 2.0L3.3 2.0M50.0 2.0L53.3 2.0')
  assert.deepEqual(bitratePath([], frame), { line: '', area: '' })
})

test('formats measurements for people', () => {
  assert.equal(videoText(ingest(0, 0)), '1280 × 720, H.264, High')
  assert.equal(frameRateText(ingest(0, 0)), '29.97 fps')
  assert.equal(audioText(ingest(0, 0)), 'AAC, Stereo, 48 kHz')
  assert.equal(videoText(ingest(0, 0, { video: null })), 'None')
  assert.deepEqual([1_303_808, 96_400, 0].map(bitrateText), ['1.3 Mbit/s', '96 kbit/s', '0 kbit/s'])
})

test('gives advice only after a status has lasted too long', () => {
  const waiting = stream('a', { status: 'waiting', liveAt: null })
  assert.equal(advice({ stream: waiting, ingest: undefined, statusAgeMs: 20_000 }), undefined)
  assert.match(
    advice({ stream: waiting, ingest: undefined, statusAgeMs: 70_000 }) ?? '',
    /copy the server and the stream key again/,
  )
  const connecting = stream('a', { status: 'connecting', liveAt: null })
  assert.equal(advice({ stream: connecting, ingest: ingest(0, 9), statusAgeMs: 3_000 }), undefined)
  assert.match(
    advice({ stream: connecting, ingest: ingest(0, 9), statusAgeMs: 9_000 }) ?? '',
    /keyframe interval to 2 s/,
  )
  const silent = ingest(0, 9, { video: null, audio: null })
  assert.match(
    advice({ stream: connecting, ingest: silent, statusAgeMs: 9_000 }) ?? '',
    /not sent any video yet/,
  )
})

function attempt(secondsAgo: number, result: string, changes: Partial<Attempt> = {}): Attempt {
  const at = new Date(START - secondsAgo * 1_000).toISOString()
  return {
    at,
    firstAt: at,
    tries: 1,
    streamId: 'a',
    address: '203.0.113.7',
    encoder: 'OBS',
    result,
    detail: null,
    ...changes,
  }
}

test('tells of the newest try to publish when it went wrong, as long as it is recent', () => {
  const notice = (...attempts: Attempt[]) => attemptNotice(attempts, null, START)
  assert.deepEqual(
    [notice(attempt(20, 'expired'))?.text, notice(attempt(20, 'expired'))?.from],
    ['An encoder tried with an expired key', '20 s ago from 203.0.113.7 (OBS)'],
  )
  assert.match(notice(attempt(130, 'rotated', { address: null, encoder: null }))?.from ?? '', /^2 min ago$/)
  assert.match(notice(attempt(0, 'expired', { detail: 'A space.' }))?.advice ?? '', /^A space\. Create/)
  assert.equal(notice(attempt(1, 'accepted'), attempt(9, 'expired')), undefined)
  assert.equal(notice(attempt(901, 'expired')), undefined)
  assert.equal(notice(attempt(1, 'a_result_of_a_newer_server')), undefined)
  assert.equal(notice(), undefined)
})

test('says with figures which limit ended the stream, once', () => {
  const tries = [
    attempt(1, 'ended'),
    attempt(3, 'limit_bitrate', { detail: 'The encoder sent 9,200 kbit/s.' }),
  ]
  const over = stream('a', { status: 'ended', endReason: 'limit_bitrate' })
  assert.equal(endDetail(over, tries), 'The encoder sent 9,200 kbit/s.')
  assert.equal(endDetail(stream('a', { status: 'ended', endReason: 'ended_by_owner' }), tries), undefined)
  assert.equal(attemptNotice([attempt(1, 'disk_full')], 'disk_full', START), undefined)
})

test('warns before a limit of the server ends the stream', () => {
  const live = stream('a')
  const limited = ingest(0, 9, {
    limits: { bitrate: 6_000_000, endsAt: new Date(START + 200_000).toISOString() },
  })
  const warning = (latest: Ingest, bitrate: number) =>
    advice({ stream: live, ingest: latest, statusAgeMs: 0, bitrate })
  assert.match(warning(limited, 9_200_000) ?? '', /more than this server takes \(6\.0 Mbit\/s\).*OBS/)
  assert.match(warning(limited, 6_000_000) ?? '', /ends in less than 4 minutes/)
  const early = ingest(0, 9, { limits: { bitrate: null, endsAt: new Date(START + 400_000).toISOString() } })
  assert.equal(warning(early, 9_200_000), undefined)
})

test('says at once that a codec can’t be played', () => {
  const connecting = stream('a', { status: 'connecting', liveAt: null })
  const hevc = ingest(0, 9, { video: { ...ingest(0, 9).video, codec: null } as Ingest['video'] })
  assert.match(advice({ stream: connecting, ingest: hevc, statusAgeMs: 0 }) ?? '', /H\.264/)
  const mp3 = ingest(0, 9, { audio: { codec: 'MP3', profile: null, channels: 2, sampleRate: 44_100 } })
  assert.match(
    advice({ stream: stream('a'), ingest: mp3, statusAgeMs: 0 }) ?? '',
    /audio in a codec \(MP3\).*AAC/,
  )
  assert.equal(advice({ stream: stream('a'), ingest: ingest(0, 9), statusAgeMs: 1e9 }), undefined)
})
