import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { admission } from '../../../apps/control/domain/admission.ts'
import { decide, type Effect, type Fact, type StreamEvent } from '../../../apps/control/domain/lifecycle.ts'
import type { Stream } from '../../../apps/control/domain/stream.ts'
import {
  at,
  KEY_HASH,
  KEY_TTL_MS,
  LET_BACK_IN,
  NODE,
  OTHER_HASH,
  RULES,
  STREAMS,
  sessionOf,
} from '../support/stream-fixtures.ts'

const { waiting, connecting, live, reconnecting, ended } = STREAMS
const WATCH: Effect = { kind: 'watch-playlist' }
const UNWATCH: Effect = { kind: 'unwatch-playlist' }
const TEAR_DOWN: Effect = { kind: 'tear-down' }

const next = sessionOf({ clientId: 9, acceptedAt: at(61_000), baselineAt: at(20_000) })
const accepted: Fact = {
  kind: 'publisher-accepted',
  session: next,
  keyHash: KEY_HASH,
  publicUrl: 'http://next.example',
}
const acceptance = {
  deadlineAt: null,
  publicUrl: 'http://next.example',
  nodeId: NODE,
  session: next,
  playlistOpen: true,
}
const gone = (clientId = 7): Fact => ({
  kind: 'publisher-gone',
  session: { nodeId: NODE, nginx: '1-100', clientId },
})
const lost = { status: 'reconnecting', session: null, deadlineAt: at(121_000) } as const
const seen = (ms: number, nodeId = NODE): Fact => ({ kind: 'playlist-seen', nodeId, modifiedAt: at(ms) })
const stalled = (clientId = 7): Fact => ({
  kind: 'playlist-stalled',
  session: { nodeId: NODE, nginx: '1-100', clientId },
  modifiedAt: at(40_000),
})
const owner: Fact = { kind: 'end-requested', by: 'owner' }
const operator: Fact = { kind: 'end-requested', by: 'operator' }
const exceeded = (clientId = 7): Fact => ({
  kind: 'limit-exceeded',
  limit: 'limit_bitrate',
  session: { nodeId: NODE, nginx: '1-100', clientId },
})
const tooLong: Fact = { kind: 'limit-exceeded', limit: 'limit_duration', session: null }
const late: Fact = { kind: 'deadline-passed' }
const rotated: Fact = { kind: 'key-rotated', keyHash: OTHER_HASH, expiresAt: at(700_000) }
const deletion: Fact = { kind: 'delete-requested', by: 'operator' }
const removed: Fact = { kind: 'files-removed', nodeId: NODE }
const replaced: Fact = { ...rotated, keepPublishing: true }
const closed: Fact = { kind: 'playlist-closed', nodeId: NODE }
const over = (endReason: Stream['endReason'], ms: number): Partial<Stream> => ({
  ...{ status: 'ended', endedAt: at(ms), endReason, session: null, deadlineAt: null },
})

/** A stream as its deletion at 97 s leaves it. */
const without = (stream: Stream): Partial<Stream> => ({
  title: null,
  publisherAddress: null,
  deletedAt: at(97_000),
  playlistOpen: stream.nodeId !== null,
})
const DELETED: StreamEvent[] = [{ type: 'stream.deleted' }]
const deleted: Stream = { ...ended, ...without(ended) }

const LIVE: StreamEvent[] = [{ type: 'stream.live', resumed: false }]
const RESUMED: StreamEvent[] = [{ type: 'stream.live', resumed: true }]
const CONNECTING: StreamEvent[] = [{ type: 'stream.connecting' }]
const RECONNECTING: StreamEvent[] = [{ type: 'stream.reconnecting' }]
const ENDED: StreamEvent[] = [{ type: 'stream.ended' }]

/** A fact at a time (ms after T0), and what it changes, announces and causes. */
type Row = [promise: string, from: Stream, fact: Fact, ms: number, ...Outcome]
type Outcome = [changes: Partial<Stream>, events: StreamEvent[], effects: Effect[]]
const NOTHING: Outcome = [{}, [], []]
const LAST_MOMENT = KEY_TTL_MS - 1
const neverLive = { ...connecting, ...lost }

// biome-ignore format: a row a line
const TABLE: Row[] = [
  ['a waiting stream connects', waiting, accepted, 61_000, { status: 'connecting', connectedAt: at(61_000), ...acceptance }, CONNECTING, [WATCH]],
  ['a publisher’s address is kept', waiting, { ...accepted, address: '192.0.2.7' }, 61_000, { status: 'connecting', connectedAt: at(61_000), ...acceptance, publisherAddress: '192.0.2.7' }, CONNECTING, [WATCH]],
  ['a key is accepted until its last millisecond', waiting, accepted, LAST_MOMENT, { status: 'connecting', connectedAt: at(LAST_MOMENT), ...acceptance }, CONNECTING, [WATCH]],
  ['a key is not accepted after its ten minutes', waiting, accepted, KEY_TTL_MS, ...NOTHING],
  ['a key that was rotated meanwhile is not accepted', { ...waiting, keyHash: OTHER_HASH }, accepted, 61_000, ...NOTHING],
  ['a lost publisher means nothing to a waiting stream', waiting, gone(), 61_000, ...NOTHING],
  ['a playlist does not make a waiting stream live', waiting, seen(60_000), 61_000, ...NOTHING],
  ['a waiting stream does not expire before its key', waiting, late, LAST_MOMENT, ...NOTHING],
  ['a waiting stream expires with its key', waiting, late, KEY_TTL_MS, over('key_expired', KEY_TTL_MS), ENDED, []],
  ['a waiting stream can be ended by its owner, with nothing to tear down', waiting, owner, 61_000, over('ended_by_owner', 61_000), ENDED, []],
  ['a waiting stream has no playlist that could stop growing', waiting, stalled(), 61_000, ...NOTHING],
  ['the key of a waiting stream can be rotated', waiting, rotated, LAST_MOMENT, { keyHash: OTHER_HASH, replacedKeyHash: KEY_HASH, keyExpiresAt: at(700_000), deadlineAt: at(700_000) }, [], []],
  ['a waiting stream is over no limit', waiting, tooLong, 61_000, ...NOTHING],
  ['an expired key cannot be rotated', waiting, rotated, KEY_TTL_MS, ...NOTHING],
  ['with its publisher to keep, a waiting stream’s key is rotated as ever', waiting, replaced, LAST_MOMENT, { keyHash: OTHER_HASH, replacedKeyHash: KEY_HASH, keyExpiresAt: at(700_000), deadlineAt: at(700_000) }, [], []],
  ['a waiting stream has no playlist to close', waiting, closed, 61_000, ...NOTHING],

  ['a connecting stream accepts no second publisher', connecting, accepted, 61_000, ...NOTHING],
  ['a connecting publisher that leaves starts the reconnect window', connecting, gone(), 61_000, lost, RECONNECTING, [UNWATCH]],
  ['the loss of another client changes nothing', connecting, gone(8), 61_000, ...NOTHING],
  ['the first playlist makes the stream live', connecting, seen(3_000), 61_000, { status: 'live', liveAt: at(61_000) }, LIVE, [UNWATCH]],
  ['a playlist on another node does not make the stream live', connecting, seen(3_000, 'node-b'), 61_000, ...NOTHING],
  ['a connecting stream has no playlist that could stop growing', connecting, stalled(), 61_000, ...NOTHING],
  ['a connecting stream has no deadline', connecting, late, 10 * KEY_TTL_MS, ...NOTHING],
  ['a connecting stream can be ended by an operator', connecting, operator, 61_000, over('ended_by_operator', 61_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['the key of a connecting stream cannot be rotated', connecting, rotated, 61_000, ...NOTHING],
  ['the key of a connecting stream is replaced, its publisher kept', connecting, replaced, 61_000, { keyHash: OTHER_HASH, replacedKeyHash: KEY_HASH }, [], []],
  ['a connecting publisher that sends too much ends its stream', connecting, exceeded(), 61_000, over('limit_bitrate', 61_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['the playlist of a connecting stream stays open', connecting, closed, 61_000, ...NOTHING],

  ['a live stream accepts no second publisher', live, accepted, 61_000, ...NOTHING],
  ['a live publisher that leaves starts the reconnect window', live, gone(), 61_000, lost, RECONNECTING, [UNWATCH]],
  ['a client of an earlier nginx process is not this publisher', live, { kind: 'publisher-gone', session: { nodeId: NODE, nginx: '2-200', clientId: 7 } }, 61_000, ...NOTHING],
  ['a client of another node is not this publisher', live, { kind: 'publisher-gone', session: { nodeId: 'node-b', nginx: '1-100', clientId: 7 } }, 61_000, ...NOTHING],
  ['a client of an unknown nginx process counts as this publisher', live, { kind: 'publisher-gone', session: { nodeId: NODE, nginx: null, clientId: 7 } }, 61_000, lost, RECONNECTING, [UNWATCH]],
  ['a later playlist of a live stream changes nothing', live, seen(60_000), 61_000, ...NOTHING],
  ['a playlist that stops growing makes a live stream wait for it with its publisher', live, stalled(), 61_000, { status: 'reconnecting', session: sessionOf({ baselineAt: at(40_000) }) }, RECONNECTING, [WATCH]],
  ['the playlist of another session is not this one’s', live, stalled(8), 61_000, ...NOTHING],
  ['a live stream goes on past its key’s ten minutes', live, late, 10 * KEY_TTL_MS, ...NOTHING],
  ['a live stream can be ended by its owner', live, owner, 61_000, over('ended_by_owner', 61_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['the key of a live stream cannot be rotated', live, rotated, 61_000, ...NOTHING],
  ['the key of a live stream is replaced, its publisher kept', live, replaced, 61_000, { keyHash: OTHER_HASH, replacedKeyHash: KEY_HASH }, [], []],
  ['a live publisher that sends too much ends its stream', live, exceeded(), 61_000, over('limit_bitrate', 61_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['what another client sends does not end the stream', live, exceeded(8), 61_000, ...NOTHING],
  ['a live stream that lasts too long ends', live, tooLong, 61_000, over('limit_duration', 61_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['the playlist of a live stream stays open', live, closed, 61_000, ...NOTHING],

  ['a returning publisher is accepted without an event', reconnecting, accepted, 89_999, acceptance, [], [WATCH]],
  ['a returning publisher is accepted after the key’s ten minutes', { ...reconnecting, deadlineAt: at(9 * KEY_TTL_MS) }, accepted, 8 * KEY_TTL_MS, acceptance, [], [WATCH]],
  ['no publisher is accepted after the reconnect window', reconnecting, accepted, 90_000, ...NOTHING],
  ['losing a publisher twice changes nothing', reconnecting, gone(), 61_000, ...NOTHING],
  ['a playlist without a publisher does not make it live', reconnecting, seen(60_000), 61_000, ...NOTHING],
  ['a playlist need not grow without a publisher', reconnecting, stalled(), 61_000, ...NOTHING],
  ['the reconnect window stays open until its last millisecond', reconnecting, late, 89_999, ...NOTHING],
  ['the reconnect window closes', reconnecting, late, 90_000, over('publisher_gone', 90_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['an owner can end the stream during the reconnect window', reconnecting, owner, 61_000, over('ended_by_owner', 61_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['the key of a reconnecting stream cannot be rotated', reconnecting, rotated, 61_000, ...NOTHING],
  ['the key is replaced within the reconnect window', reconnecting, replaced, 89_999, { keyHash: OTHER_HASH, replacedKeyHash: KEY_HASH }, [], []],
  ['the key is not replaced after the reconnect window', reconnecting, replaced, 90_000, ...NOTHING],
  ['a replaced key lets nobody back in', { ...reconnecting, keyHash: OTHER_HASH }, accepted, 61_000, ...NOTHING],
  ['what a lost publisher sent does not end the stream', reconnecting, exceeded(), 61_000, ...NOTHING],
  ['a stream can last too long during the reconnect window', reconnecting, tooLong, 61_000, over('limit_duration', 61_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['the playlist of a reconnecting stream stays open', reconnecting, closed, 61_000, ...NOTHING],

  ['a returned publisher keeps a second one out', LET_BACK_IN, accepted, 61_000, ...NOTHING],
  ['the playlist of the session before does not make the stream live', LET_BACK_IN, seen(20_000), 61_000, ...NOTHING],
  ['a continued playlist makes the stream live again', LET_BACK_IN, seen(20_001), 61_000, { status: 'live' }, RESUMED, [UNWATCH]],
  ['a first playlist after a reconnect is not a resumption', { ...LET_BACK_IN, liveAt: null }, seen(20_001), 61_000, { status: 'live', liveAt: at(61_000) }, LIVE, [UNWATCH]],
  ['a returned publisher that leaves starts the window again without an event', LET_BACK_IN, gone(8), 61_000, lost, [], [UNWATCH]],
  ['the loss of the session before changes nothing', LET_BACK_IN, gone(7), 61_000, ...NOTHING],
  ['a playlist that has not gone on yet cannot stop growing', LET_BACK_IN, stalled(8), 61_000, ...NOTHING],
  ['a stream with a returned publisher has no deadline', LET_BACK_IN, late, 10 * KEY_TTL_MS, ...NOTHING],
  ['a stream that was never live ends with publisher_gone', neverLive, late, 121_000, over('publisher_gone', 121_000), ENDED, [UNWATCH, TEAR_DOWN]],

  ['an ended stream accepts no publisher', ended, accepted, 61_000, ...NOTHING],
  ['a lost publisher means nothing to an ended stream', ended, gone(), 61_000, ...NOTHING],
  ['an ended stream never goes live', ended, seen(96_000), 97_000, ...NOTHING],
  ['the playlist of an ended stream need not grow', ended, stalled(), 97_000, ...NOTHING],
  ['an ended stream has no deadline', ended, late, 10 * KEY_TTL_MS, ...NOTHING],
  ['an ended stream keeps its reason', ended, operator, 97_000, ...NOTHING],
  ['the key of an ended stream cannot be rotated', ended, rotated, 97_000, ...NOTHING],
  ['the key of an ended stream cannot be replaced', ended, replaced, 97_000, ...NOTHING],
  ['an ended stream is over no limit', ended, tooLong, 97_000, ...NOTHING],
  ['the playlist of an ended stream is closed', ended, closed, 97_000, { playlistOpen: false }, [], []],
  ['the playlist of an ended stream is closed only by the node that has it', ended, { kind: 'playlist-closed', nodeId: 'node-b' }, 97_000, ...NOTHING],
]

// biome-ignore format: one row for each promise
const DELETION_TABLE: typeof TABLE = [
  ['deleting a stream that nobody has published leaves no files to remove', waiting, deletion, 97_000, { ...over('ended_by_operator', 97_000), ...without(waiting) }, DELETED, [UNWATCH]],
  ['deleting a live stream ends it, and announces nothing but the deletion', live, deletion, 97_000, { ...over('ended_by_operator', 97_000), ...without(live) }, DELETED, [UNWATCH]],
  ['an ended stream that is deleted keeps its end, and loses its title', ended, deletion, 97_000, without(ended), DELETED, [UNWATCH]],
  ['a closed playlist is to be removed when its stream is deleted', { ...ended, playlistOpen: false }, deletion, 97_000, without(ended), DELETED, [UNWATCH]],
  ['a stream is deleted once', deleted, deletion, 98_000, ...NOTHING],
  ['a deleted stream never goes live', deleted, seen(98_000), 98_000, ...NOTHING],
  ['a teardown that began before the deletion says nothing about the files', deleted, closed, 98_000, ...NOTHING],
  ['the node of a deleted stream reports that its files are removed', deleted, removed, 98_000, { playlistOpen: false }, [], []],
  ['another node cannot report that', deleted, { kind: 'files-removed', nodeId: 'node-b' }, 98_000, ...NOTHING],
  ['files are removed of deleted streams only', ended, removed, 98_000, ...NOTHING],
]

describe('what each fact means in each status', () => {
  for (const [promise, from, fact, ms, changes, events, effects] of [...TABLE, ...DELETION_TABLE]) {
    test(`${from.status}: ${promise}`, () => {
      const decision = decide(from, fact, at(ms), RULES)
      assert.deepEqual(decision, { stream: { ...from, ...changes }, events, effects })
      if (Object.keys(changes).length === 0) assert.equal(decision.stream, from, 'the very same object')
    })
  }

  test('the table covers every status with every fact', () => {
    const pairs = new Set(TABLE.map(([, from, fact]) => `${from.status} ${fact.kind}`))
    assert.equal(pairs.size, Object.keys(STREAMS).length * 9)
  })
})

describe('admission', () => {
  const clears = { ...live, session: sessionOf({ acceptedAt: at(50_000) }) }
  const rows: [promise: string, stream: Stream, ms: number, answer: ReturnType<typeof admission>][] = [
    ['accepts a new key at once', waiting, LAST_MOMENT, 'accept'],
    ['refuses an expired key', waiting, KEY_TTL_MS, 'key_expired'],
    ['refuses a second publisher right after the first', clears, 54_999, 'already_publishing'],
    ['checks nginx when the publisher before was accepted 5 s ago or more', clears, 55_000, 'check'],
    [
      'checks nginx when the clock was set back since the publisher before was accepted',
      clears,
      45_000,
      'check',
    ],
    ['checks nginx when a publisher returns within the window', reconnecting, 89_999, 'check'],
    ['refuses everybody after the window', reconnecting, 90_000, 'stream_ended'],
    ['refuses everybody on an ended stream', ended, 97_000, 'stream_ended'],
    ['refuses everybody on an expired stream', { ...ended, endReason: 'key_expired' }, 97_000, 'key_expired'],
  ]
  for (const [promise, stream, ms, answer] of rows) {
    test(promise, () => assert.equal(admission(stream, at(ms)), answer))
  }
})
