import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { loggerOptions } from '../../../apps/control/common/logger.ts'
import { Outage } from '../../../apps/control/common/outage.ts'
import { OutageError } from '../../../apps/control/common/outage-error.ts'

interface Line {
  readonly level: string
  readonly msg: string
  readonly forS?: number
  readonly afterS?: number
  readonly failures?: number
}

function setUp(level = 'info') {
  const lines: Line[] = []
  const logger = pino(loggerOptions(level), { write: (text: string) => void lines.push(JSON.parse(text)) })
  const clock = { ms: 1_000 }
  const outage = new Outage({ what: 'the database', logger, monotonicMs: () => clock.ms })
  return { lines, logger, clock, outage }
}

test('an outage is reported when it begins, every 30 s, and when it ends, with how long it lasted', () => {
  const { lines, clock, outage } = setUp()
  outage.succeeded()
  for (let second = 0; second < 70; second++) {
    outage.failed(new Error('refused'))
    outage.failed(new Error('refused'))
    clock.ms += 1_000
  }
  outage.succeeded()
  outage.succeeded()
  assert.deepEqual(
    lines.map(({ msg, forS, afterS, failures }) => [msg, forS ?? afterS, failures]),
    [
      ['the database does not answer', undefined, undefined],
      ['the database still does not answer', 30, 61],
      ['the database still does not answer', 60, 121],
      ['the database answers again', 70, 140],
    ],
  )
})

test('a second outage is reported like the first', () => {
  const { lines, clock, outage } = setUp()
  outage.failed(new Error('refused'))
  clock.ms += 1_000
  outage.succeeded()
  outage.failed(new Error('refused'))
  assert.equal(lines.length, 3)
})

test('calls that fail and succeed in turns are one outage', () => {
  const { lines, clock, outage } = setUp()
  for (let call = 0; call < 20; call++) {
    outage.failed(new Error('no answer'))
    clock.ms += 100
    outage.succeeded()
  }
  clock.ms += 1_000
  outage.succeeded()
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['the database does not answer', 'the database answers again'],
  )
})

test('what fails because of an outage is logged at debug, and anything else as before', () => {
  for (const [level, count] of [
    ['info', 1],
    ['debug', 3],
  ] as const) {
    const { lines, logger } = setUp(level)
    logger.warn({ err: new OutageError('no answer') }, 'a round failed')
    logger.error({ err: new Error('503', { cause: new OutageError('no answer') }) }, 'a request failed')
    logger.warn({ err: new Error('no room') }, 'a write failed')
    assert.equal(lines.length, count)
    assert.deepEqual([lines.at(-1)?.level, lines.at(-1)?.msg], ['warn', 'a write failed'])
  }
})
