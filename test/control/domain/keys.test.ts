import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  hashStreamKey,
  newStreamId,
  newStreamKey,
  parseStreamKey,
  STREAM_ID,
} from '../../../apps/control/domain/keys.ts'
import { Secret } from '../../../apps/control/domain/secret.ts'

const BASE_62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const many = <T>(make: () => T): T[] => Array.from({ length: 2_000 }, make)
const aKey = fc.noShrink(fc.nat()).map(() => newStreamKey().reveal())

/** The random bits in texts of the same length, from the letters that occur at each position. */
function bits(texts: readonly string[]): number {
  const places = Array.from(texts[0] ?? '', (_, index) => new Set(texts.map((text) => text[index])).size)
  return places.reduce((sum, letters) => sum + Math.log2(letters), 0)
}

describe('a stream id', () => {
  test('is lower-case letters and digits, fit for a URL and a directory', () => {
    for (const id of many(newStreamId)) assert.match(id, /^[0-9a-z]{20}$/)
    assert.match(newStreamId(), STREAM_ID)
  })

  test('has at least 80 random bits', () => assert.ok(bits(many(newStreamId)) >= 80))

  test('is never the same twice', () => assert.equal(new Set(many(newStreamId)).size, 2_000))
})

describe('a stream key', () => {
  test('is live_ followed by letters and digits', () => {
    for (const key of many(newStreamKey)) assert.match(key.reveal(), /^live_[0-9A-Za-z]{28}$/)
  })

  test('has at least 128 random bits besides its checksum', () => {
    assert.ok(bits(many(() => newStreamKey().reveal().slice(0, -6))) >= 128)
  })

  test('is recognised with white space around it', () => {
    const key = newStreamKey().reveal()
    for (const pasted of [key, ` ${key}`, `${key}\r\n`, `\t${key} `]) {
      assert.equal(parseStreamKey(pasted)?.reveal(), key)
    }
  })

  test('is not recognised with anything else around or in it', () => {
    const key = newStreamKey().reveal()
    const others = [
      '',
      'live_',
      key.slice(0, -1),
      `${key}0`,
      `x${key}`,
      key.replace('live_', 'LIVE_'),
      `${key}?a=b`,
    ]
    const spaced = `${key.slice(0, 9)} ${key.slice(9)}`
    for (const text of [...others, spaced, `${key}\n${key}`, key.slice(5), `${key}\0`]) {
      assert.equal(parseStreamKey(text), null, text)
    }
  })

  test('fails its checksum when any one character is changed', () => {
    const change = fc.tuple(fc.integer({ min: 5, max: 32 }), fc.constantFrom(...BASE_62))
    fc.assert(
      fc.property(aKey, change, (key, [index, letter]) => {
        fc.pre(key[index] !== letter)
        assert.equal(parseStreamKey(key.slice(0, index) + letter + key.slice(index + 1)), null)
      }),
      { numRuns: 5_000 },
    )
  })

  test('fails its checksum when two neighbouring characters are swapped', () => {
    fc.assert(
      fc.property(aKey, fc.integer({ min: 5, max: 31 }), (key, index) => {
        const [a = '', b = ''] = key.slice(index)
        fc.pre(a !== b)
        assert.equal(parseStreamKey(key.slice(0, index) + b + a + key.slice(index + 2)), null)
      }),
      { numRuns: 5_000 },
    )
  })

  test('is practically never recognised when its checksum is invented', () => {
    const made = () => `live_${newStreamKey().reveal().slice(5, 27)}${newStreamId().slice(0, 6)}`
    assert.deepEqual(
      many(made).filter((key) => parseStreamKey(key) !== null),
      [],
    )
  })

  test('is stored as its SHA-256', () => {
    const key = newStreamKey()
    const expected = createHash('sha256').update(key.reveal()).digest('hex')
    assert.equal(Buffer.from(hashStreamKey(key)).toString('hex'), expected)
    assert.equal(
      Buffer.from(hashStreamKey(new Secret('abc'))).toString('hex'),
      createHash('sha256').update('abc').digest('hex'),
    )
  })

  test('prints as [redacted]', () => assert.equal(`${newStreamKey()}`, '[redacted]'))
})
