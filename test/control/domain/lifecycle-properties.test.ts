import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { admission } from '../../../apps/control/domain/admission.ts'
import { type Decision, decide, type Fact } from '../../../apps/control/domain/lifecycle.ts'
import type { Stream } from '../../../apps/control/domain/stream.ts'
import { type Step, session, stepMs, steps } from '../support/random-facts.ts'
import { RULES, STREAMS } from '../support/stream-fixtures.ts'

/** One step of a life: the stream before, the fact, when, and what was decided. */
interface Moment extends Decision {
  readonly before: Stream
  readonly fact: Fact
  readonly now: Date
}

function live(life: readonly Step[], from: Stream = STREAMS.waiting): Moment[] {
  let before = from
  let now = from.createdAt
  return life.map(({ fact: next, stepMs: ms }) => {
    now = new Date(now.getTime() + ms)
    const decision = decide(before, next, now, RULES)
    const moment = { ...decision, before, fact: next, now }
    before = decision.stream
    return moment
  })
}

/** Checks something at every step of every random life. */
function always(check: (moment: Moment, index: number, life: readonly Moment[]) => void): void {
  fc.assert(
    fc.property(steps, fc.boolean(), (life, record) =>
      live(life, { ...STREAMS.waiting, record }).forEach(check),
    ),
    { numRuns: 2_000 },
  )
}

describe('in any order and repetition of facts', () => {
  test('a stream goes live only by a playlist newer than the one its publisher found', () => {
    always(({ before, stream, fact: cause }) => {
      if (stream.status !== 'live' || before.status === 'live') return
      assert.ok(cause.kind === 'playlist-seen' && before.session !== null, 'a playlist, with a publisher')
      assert.equal(cause.nodeId, before.session.nodeId)
      assert.ok(before.session.baselineAt === null || cause.modifiedAt > before.session.baselineAt)
    })
  })

  test('a live or connecting stream has its publisher, a waiting or ended one has none', () => {
    always(({ stream }) => {
      if (stream.status === 'live' || stream.status === 'connecting') assert.ok(stream.session)
      if (stream.status === 'waiting' || stream.status === 'ended') assert.equal(stream.session, null)
      if (stream.session !== null) assert.equal(stream.session.nodeId, stream.nodeId)
    })
  })

  test('the publisher is one that was accepted with the key of that moment', () => {
    always(({ before, stream, fact: cause }) => {
      if (stream.session === null || stream.session === before.session) return
      if (cause.kind === 'playlist-stalled') {
        assert.deepEqual(stream.session, { ...before.session, baselineAt: cause.modifiedAt })
        return
      }
      assert.ok(cause.kind === 'publisher-accepted')
      assert.deepEqual([stream.session, cause.keyHash], [cause.session, before.keyHash])
      assert.equal(before.session, null, 'no publisher is replaced')
    })
  })

  test('nothing of an ended stream changes except its playlist and its recording, unless it is deleted', () => {
    always(({ before, stream, fact: cause }) => {
      if (before.status !== 'ended') return
      const { playlistOpen, recording } = before
      const { title, publisherAddress, deletedAt } = cause.kind === 'delete-requested' ? stream : before
      assert.deepEqual(
        { ...stream, playlistOpen, recording },
        { ...before, title, publisherAddress, deletedAt },
      )
    })
  })

  test('a deleted stream has ended, has no title, and nothing comes back', () => {
    always(({ before, stream, events }) => {
      if (stream.deletedAt === null) return assert.equal(before.deletedAt, null)
      assert.deepEqual([stream.status, stream.title, stream.session], ['ended', null, null])
      assert.ok(stream.recording === null || /^delet/.test(stream.recording.status))
      if (before.deletedAt === null) return
      assert.deepEqual([stream.deletedAt, events], [before.deletedAt, []])
      assert.ok(before.playlistOpen || !stream.playlistOpen)
    })
  })

  test('each change of status is announced exactly once, and nothing else is announced', () => {
    always(({ before, stream, events }) => {
      const isDeletion = stream.deletedAt !== null && before.deletedAt === null
      if (isDeletion) return assert.deepEqual(events, [{ type: 'stream.deleted' }])
      const { status } = stream.recording ?? { status: null }
      const outcome = status === 'ready' || status === 'failed' ? [`recording.${status}`] : []
      assert.deepEqual(
        events.map((event) => event.type),
        [
          ...(stream.status === before.status ? [] : [`stream.${stream.status}`]),
          ...(status === (before.recording?.status ?? null) ? [] : outcome),
        ],
      )
    })
  })

  test('a recording begins when a stream with record: true first goes live, and never again', () => {
    always(({ before, stream }) => {
      const firstLive = before.liveAt === null && stream.liveAt !== null
      assert.equal(before.recording === null && stream.recording !== null, firstLive && stream.record)
      if (before.recording !== null) assert.ok(stream.recording)
    })
  })

  test('a recording’s status only moves forward', () => {
    const order = ['recording', 'processing', 'ready', 'failed', 'deleting', 'deleted']
    always(({ before, stream }) => {
      const [from, to] = [before.recording?.status, stream.recording?.status]
      if (from === undefined || to === undefined || from === to) return
      assert.ok(order.indexOf(to) > order.indexOf(from), `${from} to ${to}`)
      assert.ok(!(from === 'ready' && to === 'failed'), 'a ready recording does not fail')
      if (to === 'processing' || to === 'ready') assert.equal(stream.status, 'ended')
    })
  })

  test('`resumed` says whether the stream had been live before', () => {
    always(({ events }, index, life) => {
      const earlier = life.slice(0, index).flatMap((moment) => moment.events)
      const wasLive = earlier.some((event) => event.type === 'stream.live')
      for (const event of events) {
        assert.equal(event.resumed, event.type === 'stream.live' ? wasLive : undefined)
      }
    })
  })

  test('connectedAt, liveAt and endedAt are the times of the first such event', () => {
    always(({ stream }, index, life) => {
      const firstTime = (...types: string[]) =>
        life.slice(0, index + 1).find((moment) => moment.events.some(({ type }) => types.includes(type)))
          ?.now ?? null
      assert.deepEqual(stream.connectedAt, firstTime('stream.connecting'))
      assert.deepEqual(stream.liveAt, firstTime('stream.live'))
      assert.deepEqual(stream.endedAt, firstTime('stream.ended', 'stream.deleted'))
      assert.equal(stream.endReason === null, stream.endedAt === null)
    })
  })

  test('a stream has a deadline exactly while its key or its reconnect window can expire', () => {
    always(({ stream }) => {
      const windowOpen = stream.status === 'reconnecting' && stream.session === null
      assert.equal(stream.deadlineAt !== null, stream.status === 'waiting' || windowOpen)
      if (stream.status === 'waiting') assert.deepEqual(stream.deadlineAt, stream.keyExpiresAt)
    })
  })

  test('no stream expires before its deadline', () => {
    always(({ before, stream, fact: cause, now }) => {
      if (cause.kind !== 'deadline-passed') return
      const over = before.deadlineAt !== null && now >= before.deadlineAt
      assert.equal(stream !== before, over)
      if (over) assert.equal(stream.endReason, before.status === 'waiting' ? 'key_expired' : 'publisher_gone')
    })
  })

  test('the same fact twice in a row changes nothing the second time', () => {
    always(({ stream, fact: cause, now }) => {
      const again = decide(stream, cause, now, RULES)
      assert.deepEqual(again.stream, stream)
      assert.deepEqual(again.events, [])
    })
  })

  test('a fact that changes nothing returns the very same stream, without events and effects', () => {
    always(({ before, stream, events, effects }) => {
      if (stream !== before) return
      assert.deepEqual([events, effects], [[], []])
    })
  })

  test('a stream that has had a publisher is torn down when it ends, or its files are to be removed', () => {
    always(({ before, stream, effects }) => {
      if (stream.deletedAt !== null && before.deletedAt === null)
        assert.equal(stream.playlistOpen, before.connectedAt !== null)
      const ends = stream.status === 'ended' && before.status !== 'ended' && stream.deletedAt === null
      assert.equal(
        effects.some((effect) => effect.kind === 'tear-down'),
        ends && before.connectedAt !== null,
      )
    })
  })

  test('admission agrees with what the lifecycle accepts', () => {
    fc.assert(
      fc.property(steps, session, stepMs, (life, newcomer, ms) => {
        const last = live(life).at(-1)
        const stream = last?.stream ?? STREAMS.waiting
        const now = new Date((last?.now ?? stream.createdAt).getTime() + ms)
        const { keyHash: hash } = stream
        const taken = (from: Stream) =>
          decide(
            from,
            { kind: 'publisher-accepted', session: newcomer, keyHash: hash, publicUrl: '' },
            now,
            RULES,
          ).stream !== from
        const answer = admission(stream, now)
        if (answer === 'accept') return taken(stream)
        if (answer !== 'check') return !taken(stream)
        // The check has shown that the publisher before is gone.
        const { session: old } = stream
        return taken(
          old === null ? stream : decide(stream, { kind: 'publisher-gone', session: old }, now, RULES).stream,
        )
      }),
      { numRuns: 2_000 },
    )
  })
})
