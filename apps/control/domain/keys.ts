// Stream ids and stream keys: how they are made, recognised and hashed.
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { customAlphabet } from 'nanoid'
import { Secret } from './secret.ts'

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const BASE_36 = `0123456789${LOWER}`
const BASE_62 = `${BASE_36}${LOWER.toUpperCase()}`

/** 20 characters of 36 are 103 random bits; the contract asks for 80. */
const ID_LENGTH = 20
/** 22 characters of 62 are 130 random bits; the contract asks for 128. */
const RANDOM_LENGTH = 22
/** 62^6 holds every CRC-32. */
const CHECKSUM_LENGTH = 6
const PREFIX = 'live_'

export const STREAM_ID = new RegExp(`^[0-9a-z]{${ID_LENGTH}}$`)
const STREAM_KEY = new RegExp(`^${PREFIX}([0-9A-Za-z]{${RANDOM_LENGTH}})([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`)

/** A stream's public id: unguessable, lower-case letters and digits, fit for a URL and a directory. */
export const newStreamId: () => string = customAlphabet(BASE_36, ID_LENGTH)

const newRandomPart = customAlphabet(BASE_62, RANDOM_LENGTH)

/** A stream key: `live_`, 130 random bits, a checksum; 33 characters. */
export function newStreamKey(): Secret {
  const random = newRandomPart()
  return new Secret(`${PREFIX}${random}${checksum(random)}`)
}

/**
 * The stream key in a text that somebody typed or sent; null when its shape or checksum is wrong. White
 * space around it is ignored, because pasting often adds some.
 */
export function parseStreamKey(text: string): Secret | null {
  const key = text.trim()
  const [, random, sum] = STREAM_KEY.exec(key) ?? []
  return random !== undefined && sum === checksum(random) ? new Secret(key) : null
}

/** The hash that is stored instead of the key: SHA-256, 32 bytes. No salt is needed for 130 random bits. */
export function hashStreamKey(key: Secret): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(key.reveal()).digest())
}

/** What is kept of a deleted stream's id: SHA-256, 32 bytes. */
export function hashStreamId(id: string): Buffer {
  return createHash('sha256').update(id).digest()
}

/** A key's hash as text, for use in maps and queues. */
export function keyHashText(keyHash: Uint8Array): string {
  return Buffer.from(keyHash).toString('hex')
}

/** Detects typing errors and invented keys without asking the database, as GitHub's tokens do. */
function checksum(random: string): string {
  let rest = crc32(random)
  let text = ''
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    text = BASE_62.charAt(rest % 62) + text
    rest = Math.floor(rest / 62)
  }
  return text
}
