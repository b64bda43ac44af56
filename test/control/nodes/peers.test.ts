import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type NodeRow, PeerJudge, type Peers, RENEW_MS } from '../../../apps/control/nodes/peers.ts'

const STATEMENT_MS = 20
const T0 = Date.parse('2026-01-02T03:04:05.000Z')

const at = (ms: number): Date => new Date(T0 + ms)
const rowOf = (id: string, renewedMs: number, incarnation = 'x'): NodeRow => ({
  ...{ id, installation: 'i', incarnation, address: `${id}:3000` },
  renewedAt: at(renewedMs),
})

/** A look at the table at `ms`, while the database's clock shows `databaseMs`. */
function look(judge: PeerJudge, ms: number, rows: readonly NodeRow[], databaseMs = ms): Peers {
  return judge.observe({ rows, databaseNow: at(databaseMs), askedMs: ms, answeredMs: ms + STATEMENT_MS })
}

const dead = ({ dead: rows }: Peers): string[] => rows.map(({ id }) => id)

/** @returns how long after its last renewal, at 0, a node is found dead by one that looks from `firstMs` on */
function foundDeadAfter(firstMs: number): number {
  const judge = new PeerJudge()
  const silent = [rowOf('b', 0)]
  for (let ms = -20_000 + firstMs; ms < 0; ms += RENEW_MS) look(judge, ms, [rowOf('b', ms - 1)])
  for (let ms = firstMs; ms < 60_000; ms += RENEW_MS) if (dead(look(judge, ms, silent)).length > 0) return ms
  return Number.POSITIVE_INFINITY
}

describe('a node that stops renewing', () => {
  test('is dead after a whole lease of silence, and 14 s after its last renewal at the latest', () => {
    for (let firstMs = 0; firstMs < RENEW_MS; firstMs += 50) {
      const ms = foundDeadAfter(firstMs)
      assert.ok(
        ms >= 12_000 && ms <= 14_000,
        `found dead after ${ms} ms by a node that looks at ${firstMs} ms`,
      )
    }
  })

  test('is alive again as soon as it renews', () => {
    const judge = new PeerJudge()
    for (let ms = 0; ms <= 14_000; ms += RENEW_MS) look(judge, ms, [rowOf('b', 0)])
    assert.deepEqual(dead(look(judge, 16_000, [rowOf('b', 0)])), ['b'])
    const peers = look(judge, 18_000, [rowOf('b', 17_500)])
    assert.deepEqual([peers.alive, dead(peers)], [['b'], []])
  })

  test('is dead although the database’s clock was set back, and not at once when it was set ahead', () => {
    for (const jumpMs of [-3_600_000, 3_600_000]) {
      const judge = new PeerJudge()
      look(judge, 0, [rowOf('b', 0)])
      const clock = (ms: number) => ms + jumpMs
      for (let ms = 2_000; ms < 12_000; ms += RENEW_MS) {
        assert.deepEqual(dead(look(judge, ms, [rowOf('b', 0)], clock(ms))), [], `after ${ms} ms`)
      }
      assert.deepEqual(dead(look(judge, 14_000, [rowOf('b', 0)], clock(14_000))), ['b'])
    }
  })
})

describe('a node that renews', () => {
  test('is alive, whatever the database’s clock does', () => {
    const jump = fc.integer({ min: -100_000, max: 100_000 })
    fc.assert(
      fc.property(fc.array(jump, { minLength: 10, maxLength: 40 }), (jumps) => {
        const judge = new PeerJudge()
        for (const [index, jumpMs] of jumps.entries()) {
          const ms = index * RENEW_MS
          // An incarnation never repeats a time: between two renewals the clock moves on.
          const row = rowOf('b', ms + jumpMs + index / 1_000, `x${index}`)
          assert.deepEqual(dead(look(judge, ms, [row], ms + jumpMs)), [])
        }
      }),
    )
  })

  test('is alive after the other one was frozen for 20 s', () => {
    const judge = new PeerJudge()
    for (let ms = 0; ms <= 20_000; ms += RENEW_MS) look(judge, ms, [rowOf('b', ms)])
    // It renewed all the time; the frozen node sees its row as it was before, and then again.
    const peers = look(judge, 40_000, [rowOf('b', 20_000)])
    assert.deepEqual([peers.alive, dead(peers), peers.isCertain], [['b'], [], false])
    assert.deepEqual(dead(look(judge, 50_000, [rowOf('b', 20_000)])), [])
  })
})

describe('while the database is away', () => {
  interface Node {
    readonly id: string
    readonly judge: PeerJudge
    nextMs: number
  }

  /**
   * Two nodes on one database that is away from `fromMs` on for `lengthMs`.
   * @param failsAfterMs how long a node waits for an answer that does not come
   * @returns every moment at which one of them has found the other dead
   */
  function deaths(
    startsMs: readonly number[],
    fromMs: number,
    lengthMs: number,
    failsAfterMs: number,
  ): string[] {
    const nodes: Node[] = startsMs.map((nextMs, index) => ({
      id: `${index}`,
      judge: new PeerJudge(),
      nextMs,
    }))
    const table = new Map<string, NodeRow>()
    const found: string[] = []
    while (nodes.some(({ nextMs }) => nextMs < fromMs + lengthMs + 40_000)) {
      const node = nodes.reduce((first, other) => (other.nextMs < first.nextMs ? other : first))
      const ms = node.nextMs
      const isAway = ms >= fromMs && ms < fromMs + lengthMs
      node.nextMs = ms + Math.max(RENEW_MS, isAway ? failsAfterMs : 0)
      if (isAway) continue
      table.set(node.id, rowOf(node.id, ms))
      const others = [...table.values()].filter(({ id }) => id !== node.id)
      if (dead(look(node.judge, ms, others)).length > 0) found.push(`${node.id} after ${ms} ms`)
    }
    return found
  }

  for (const seconds of [5, 14, 40]) {
    test(`for ${seconds} s, no healthy node is found dead`, () => {
      for (let phase = 0; phase < RENEW_MS; phase += 100)
        for (const failsAfterMs of [0, 3_600])
          assert.deepEqual(deaths([0, phase], 30_000, seconds * 1_000, failsAfterMs), [])
    })
  }

  test('for any time, no healthy node is found dead', () => {
    const ms = (max: number) => fc.integer({ min: 0, max })
    fc.assert(
      fc.property(ms(1_999), ms(1_999), ms(60_000), ms(3_600), (a, b, lengthMs, failsAfterMs) => {
        assert.deepEqual(deaths([a, b], 30_000, lengthMs, failsAfterMs), [])
      }),
      { numRuns: 500 },
    )
  })
})

test('nobody is certain who is alive before a whole lease of readings', () => {
  const judge = new PeerJudge()
  const certain = [0, 2_000, 6_000, 10_000, 12_000, 12_100].map((ms) => look(judge, ms, []).isCertain)
  assert.deepEqual(certain, [false, false, false, false, false, true])
})
