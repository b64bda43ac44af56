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
const letIn = {
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
const owner: Fact = { kind: 'end-requested', by: 'owner' }
const operator: Fact = { kind: 'end-requested', by: 'operator' }
const late: Fact = { kind: 'deadline-passed' }
const rotated: Fact = { kind: 'key-rotated', keyHash: OTHER_HASH, expiresAt: at(700_000) }
const closed: Fact = { kind: 'playlist-closed', nodeId: NODE }
const over = (endReason: Stream['endReason'], ms: number): Partial<Stream> => ({
  ...{ status: 'ended', endedAt: at(ms), endReason, session: null, deadlineAt: null },
})

const LIVE: StreamEvent[] = [{ type: 'stream.live', resumed: false }]
const RESUMED: StreamEvent[] = [{ type: 'stream.live', resumed: true }]
const CONNECTING: StreamEvent[] = [{ type: 'stream.connecting' }]
const RECONNECTING: StreamEvent[] = [{ type: 'stream.reconnecting' }]
const ENDED: StreamEvent[] = [{ type: 'stream.ended' }]

/** What a fact at a time (ms after T0) changes, announces and asks for. */
type Row = [promise: string, from: Stream, fact: Fact, ms: number, ...Outcome]
type Outcome = [changes: Partial<Stream>, events: StreamEvent[], effects: Effect[]]
const NOTHING: Outcome = [{}, [], []]
const LAST_MOMENT = KEY_TTL_MS - 1
const neverLive = { ...connecting, ...lost }

// biome-ignore format: a row a line
const TABLE: Row[] = [
  ['a waiting stream connects', waiting, accepted, 61_000, { status: 'connecting', connectedAt: at(61_000), ...letIn }, CONNECTING, [WATCH]],
  ['a key starts a publish in its last moment', waiting, accepted, LAST_MOMENT, { status: 'connecting', connectedAt: at(LAST_MOMENT), ...letIn }, CONNECTING, [WATCH]],
  ['a key starts nothing after its ten minutes', waiting, accepted, KEY_TTL_MS, ...NOTHING],
  ['a key that was rotated meanwhile lets nobody in', { ...waiting, keyHash: OTHER_HASH }, accepted, 61_000, ...NOTHING],
  ['nobody leaves a waiting stream', waiting, gone(), 61_000, ...NOTHING],
  ['a playlist does not make a waiting stream live', waiting, seen(60_000), 61_000, ...NOTHING],
  ['a waiting stream does not expire early', waiting, late, LAST_MOMENT, ...NOTHING],
  ['a waiting stream expires with its key', waiting, late, KEY_TTL_MS, over('key_expired', KEY_TTL_MS), ENDED, []],
  ['a waiting stream is ended by its owner, with nothing to tear down', waiting, owner, 61_000, over('ended_by_owner', 61_000), ENDED, []],
  ['a waiting stream gets another key', waiting, rotated, LAST_MOMENT, { keyHash: OTHER_HASH, keyExpiresAt: at(700_000), deadlineAt: at(700_000) }, [], []],
  ['an expired key is not replaced', waiting, rotated, KEY_TTL_MS, ...NOTHING],
  ['a waiting stream has no playlist to close', waiting, closed, 61_000, ...NOTHING],

  ['a connecting stream lets no second publisher in', connecting, accepted, 61_000, ...NOTHING],
  ['a connecting publisher that leaves has a minute', connecting, gone(), 61_000, lost, RECONNECTING, [UNWATCH]],
  ['another client is not this publisher', connecting, gone(8), 61_000, ...NOTHING],
  ['the first playlist makes it live', connecting, seen(3_000), 61_000, { status: 'live', liveAt: at(61_000) }, LIVE, [UNWATCH]],
  ['another node’s playlist does not', connecting, seen(3_000, 'node-b'), 61_000, ...NOTHING],
  ['a connecting stream has no deadline', connecting, late, 10 * KEY_TTL_MS, ...NOTHING],
  ['a connecting stream is ended by an operator', connecting, operator, 61_000, over('ended_by_operator', 61_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['a connecting stream keeps its key', connecting, rotated, 61_000, ...NOTHING],
  ['a connecting stream’s playlist stays open', connecting, closed, 61_000, ...NOTHING],

  ['a live stream lets no second publisher in', live, accepted, 61_000, ...NOTHING],
  ['a live publisher that leaves has a minute', live, gone(), 61_000, lost, RECONNECTING, [UNWATCH]],
  ['a client of nginx’s life before is not this publisher', live, { kind: 'publisher-gone', session: { nodeId: NODE, nginx: '2-200', clientId: 7 } }, 61_000, ...NOTHING],
  ['a client of another node is not this publisher', live, { kind: 'publisher-gone', session: { nodeId: 'node-b', nginx: '1-100', clientId: 7 } }, 61_000, ...NOTHING],
  ['a client whose nginx is not known is this publisher', live, { kind: 'publisher-gone', session: { nodeId: NODE, nginx: null, clientId: 7 } }, 61_000, lost, RECONNECTING, [UNWATCH]],
  ['a live stream’s next playlist is no news', live, seen(60_000), 61_000, ...NOTHING],
  ['a live stream goes on past its key’s ten minutes', live, late, 10 * KEY_TTL_MS, ...NOTHING],
  ['a live stream is ended by its owner', live, owner, 61_000, over('ended_by_owner', 61_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['a live stream keeps its key', live, rotated, 61_000, ...NOTHING],
  ['a live stream’s playlist stays open', live, closed, 61_000, ...NOTHING],

  ['a publisher is let back in, unannounced', reconnecting, accepted, 89_999, letIn, [], [WATCH]],
  ['a publisher is let back in past the key’s ten minutes', { ...reconnecting, deadlineAt: at(9 * KEY_TTL_MS) }, accepted, 8 * KEY_TTL_MS, letIn, [], [WATCH]],
  ['nobody is let in when the window is over', reconnecting, accepted, 90_000, ...NOTHING],
  ['a lost publisher is not lost twice', reconnecting, gone(), 61_000, ...NOTHING],
  ['a playlist without a publisher does not make it live', reconnecting, seen(60_000), 61_000, ...NOTHING],
  ['the window stays open to its last moment', reconnecting, late, 89_999, ...NOTHING],
  ['the window closes', reconnecting, late, 90_000, over('publisher_gone', 90_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['an owner need not wait for the window', reconnecting, owner, 61_000, over('ended_by_owner', 61_000), ENDED, [UNWATCH, TEAR_DOWN]],
  ['a reconnecting stream keeps its key', reconnecting, rotated, 61_000, ...NOTHING],
  ['a reconnecting stream’s playlist stays open', reconnecting, closed, 61_000, ...NOTHING],

  ['one let back in lets no second publisher in', LET_BACK_IN, accepted, 61_000, ...NOTHING],
  ['the playlist from before is not a new one', LET_BACK_IN, seen(20_000), 61_000, ...NOTHING],
  ['a playlist that goes on makes it live again', LET_BACK_IN, seen(20_001), 61_000, { status: 'live' }, RESUMED, [UNWATCH]],
  ['a first playlist after a reconnect is not a resumption', { ...LET_BACK_IN, liveAt: null }, seen(20_001), 61_000, { status: 'live', liveAt: at(61_000) }, LIVE, [UNWATCH]],
  ['one let back in that leaves has a minute again, unannounced', LET_BACK_IN, gone(8), 61_000, lost, [], [UNWATCH]],
  ['the session before is not this one', LET_BACK_IN, gone(7), 61_000, ...NOTHING],
  ['one let back in has no deadline', LET_BACK_IN, late, 10 * KEY_TTL_MS, ...NOTHING],
  ['one that never was live ends as gone', neverLive, late, 121_000, over('publisher_gone', 121_000), ENDED, [UNWATCH, TEAR_DOWN]],

  ['nobody is let into an ended stream', ended, accepted, 61_000, ...NOTHING],
  ['nobody leaves an ended stream', ended, gone(), 61_000, ...NOTHING],
  ['an ended stream does not go live', ended, seen(96_000), 97_000, ...NOTHING],
  ['an ended stream has no deadline', ended, late, 10 * KEY_TTL_MS, ...NOTHING],
  ['an ended stream keeps its reason', ended, operator, 97_000, ...NOTHING],
  ['an ended stream gets no other key', ended, rotated, 97_000, ...NOTHING],
  ['an ended stream’s playlist is closed', ended, closed, 97_000, { playlistOpen: false }, [], []],
  ['only by the node that has it', ended, { kind: 'playlist-closed', nodeId: 'node-b' }, 97_000, ...NOTHING],
]

describe('what each fact means in each status', () => {
  for (const [promise, from, fact, ms, changes, events, effects] of TABLE) {
    test(`${from.status}: ${promise}`, () => {
      const decision = decide(from, fact, at(ms), RULES)
      assert.deepEqual(decision, { stream: { ...from, ...changes }, events, effects })
      if (Object.keys(changes).length === 0) assert.equal(decision.stream, from, 'the very same object')
    })
  }

  test('the table has every status with every fact', () => {
    const pairs = new Set(TABLE.map(([, from, fact]) => `${from.status} ${fact.kind}`))
    assert.equal(pairs.size, Object.keys(STREAMS).length * 7)
  })
})

describe('who may publish', () => {
  const clears = { ...live, session: sessionOf({ acceptedAt: at(50_000) }) }
  const rows: [promise: string, stream: Stream, ms: number, answer: ReturnType<typeof admission>][] = [
    ['a new key at once', waiting, LAST_MOMENT, 'accept'],
    ['an expired key not at all', waiting, KEY_TTL_MS, 'key_expired'],
    ['nobody while a publisher has just come', clears, 54_999, 'already_publishing'],
    ['whoever finds that the publisher before is gone', clears, 55_000, 'check'],
    ['a returning publisher after a look at nginx', reconnecting, 89_999, 'check'],
    ['nobody after the window', reconnecting, 90_000, 'stream_ended'],
    ['nobody on an ended stream', ended, 97_000, 'stream_ended'],
    ['nobody on an expired one', { ...ended, endReason: 'key_expired' }, 97_000, 'key_expired'],
  ]
  for (const [promise, stream, ms, answer] of rows) {
    test(promise, () => assert.equal(admission(stream, at(ms)), answer))
  }
})
