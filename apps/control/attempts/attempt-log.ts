// Takes note of tries to publish without making a hook wait: they are counted in memory, and written together
// once a second. Tries that differ in nothing but the time become one entry with a number.
import { type Logger, redactKeys } from '../common/logger.ts'
import type { Attempt } from '../domain/attempt.ts'
import { keyHashText } from '../domain/keys.ts'
import type { AttemptTable, Counted } from './attempt-table.ts'

const WRITE_MS = 1_000
/** Encoders that are told apart within a second. A thousand publishers may come back at once. */
const MAX_ENTRIES = 2_000
/** Unknown keys that are looked up among replaced ones, each second: somebody may be trying out thousands. */
const MAX_UNKNOWN_KEYS = 50
const ENCODER_LENGTH = 100
const PRUNE_MS = 60 * 60 * 1_000
/** Entries after whose writing old ones are removed, if an hour has not passed before. */
const PRUNE_AFTER = 2_000

export interface AttemptLogOptions {
  readonly table: AttemptTable
  readonly logger: Logger
  readonly now: () => Date
}

export class AttemptLog implements AsyncDisposable {
  readonly #options: AttemptLogOptions
  #noted = new Map<string, Counted>()
  #unknownKeys = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #writtenSincePruned = 0
  #prunedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: AttemptLogOptions) {
    this.#options = options
  }

  /** Never throws, and takes microseconds: a publisher is waiting. */
  note(attempt: Attempt): void {
    const { streamId, address, result, keyHash } = attempt
    let key = `${streamId} ${result} ${address}`
    const isNewKey = keyHash !== undefined && this.#unknownKeys < MAX_UNKNOWN_KEYS
    if (isNewKey) key += ` ${keyHashText(keyHash)}`
    let entry = this.#noted.get(key)
    if (entry === undefined) {
      if (isNewKey) this.#unknownKeys += 1
      if (this.#noted.size >= MAX_ENTRIES) {
        key = result
        entry = this.#noted.get(key)
      }
    }
    const isApart = key !== result
    const encoder = attempt.encoder === null ? null : redactKeys(attempt.encoder).slice(0, ENCODER_LENGTH)
    this.#noted.set(key, {
      attempt: isApart
        ? { ...attempt, encoder, keyHash: isNewKey ? keyHash : undefined }
        : { ...attempt, streamId: null, address: null, encoder: null, detail: null, keyHash: undefined },
      firstAt: entry?.firstAt ?? attempt.at,
      tries: (entry?.tries ?? 0) + 1,
    })
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_MS).unref()
  }

  /** Writes what was noted. Never rejects: what could not be written is tried again. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    const { table, logger } = this.#options
    const noted = this.#noted
    this.#noted = new Map()
    this.#unknownKeys = 0
    try {
      await table.write([...noted.values()])
      this.#writtenSincePruned += noted.size
      await this.#prune()
    } catch (error) {
      logger.warn({ err: error, entries: noted.size }, 'tries to publish could not be stored; trying again')
      this.#noted = new Map([...noted, ...this.#noted].slice(0, MAX_ENTRIES))
      this.#timer ??= setTimeout(() => void this.flush(), 5 * WRITE_MS).unref()
    }
  }

  async #prune(): Promise<void> {
    const { table, now } = this.#options
    const isDue = performance.now() - this.#prunedAtMs >= PRUNE_MS || this.#writtenSincePruned >= PRUNE_AFTER
    if (!isDue) return
    this.#prunedAtMs = performance.now()
    this.#writtenSincePruned = 0
    await table.prune(now())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush()
    clearTimeout(this.#timer)
  }
}
