import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { format, inspect } from 'node:util'
import { pino } from 'pino'
import { type Logger, loggerOptions, redactKeys } from '../../apps/control/common/logger.ts'
import { newStreamKey } from '../../apps/control/domain/keys.ts'
import { Secret } from '../../apps/control/domain/secret.ts'

describe('a secret', () => {
  const secret = new Secret('hunter2')

  test('shows its value only through reveal()', () => {
    assert.equal(secret.reveal(), 'hunter2')
    const shown = [
      ...[
        `${secret}`,
        String(secret),
        `${''}${secret}`,
        JSON.stringify({ secret }),
        JSON.stringify([secret]),
      ],
      ...[inspect(secret), inspect({ a: { b: { c: { d: secret } } } }, { depth: 9, showHidden: true })],
      ...[
        format('%s %o %O %j %d', secret, secret, secret, secret, secret),
        JSON.stringify(Object.entries(secret)),
      ],
      ...[
        Object.values(secret).join(),
        Object.getOwnPropertyNames(secret).join(),
        new Error(`${secret}`).stack ?? '',
      ],
    ]
    for (const text of shown) assert.ok(!text.includes('hunter2'), text)
  })

  test('prints as [redacted]', () => {
    assert.equal(`${secret}`, '[redacted]')
    assert.equal(inspect({ secret }), '{ secret: [redacted] }')
    assert.equal(JSON.stringify({ secret }), '{"secret":"[redacted]"}')
  })
})

describe('the log', () => {
  const key = newStreamKey().reveal()

  function logged(write: (logger: Logger) => void, level = 'trace'): string[] {
    const lines: string[] = []
    write(pino(loggerOptions(level), { write: (line: string) => void lines.push(line) }))
    return lines
  }

  test('redacts every key in a text and leaves the rest', () => {
    assert.equal(redactKeys(`a ${key} b ${key}?x=1`), 'a live_[redacted] b live_[redacted]?x=1')
    assert.equal(redactKeys('GET /live_/x'), 'GET /live_/x')
  })

  test('shows no key of an error: not in its message, stack, cause or fields', () => {
    const cause = new Error(`for ${key}`)
    const error = Object.assign(new Error(`failed for ${key}`, { cause }), { key, sql: `SELECT '${key}'` })
    const [line = ''] = logged((logger) => logger.error({ err: error }, 'a request failed'))
    assert.ok(!line.includes(key), line)
    assert.ok(line.includes('failed for live_[redacted]'))
  })

  test('shows the method and the path of a request, never headers or body', () => {
    const req = {
      method: 'GET',
      url: `/v1/streams/${key}?k=${key}`,
      headers: { authorization: `Bearer ${key}` },
      body: key,
    }
    const [line = ''] = logged((logger) => logger.error({ req }, 'a request failed'))
    assert.deepEqual(JSON.parse(line).req, {
      method: 'GET',
      url: '/v1/streams/live_[redacted]?k=live_[redacted]',
    })
  })

  test('writes one JSON line per message at or above LOG_LEVEL, with its time and its level’s name', () => {
    const lines = logged((logger) => {
      logger.info({ stream: 'x' }, 'two\nlines')
      logger.debug('not this')
    }, 'info')
    assert.equal(lines.length, 1)
    const { time, ...line } = JSON.parse(lines[0] ?? '')
    assert.deepEqual(line, { level: 'info', stream: 'x', msg: 'two\nlines' })
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })
})
