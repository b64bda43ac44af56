// The one door through which anything changes a stream: facts go in one after the other per
// stream, decisions are committed, then told to the feed, the clock and whoever acts on effects.
import { type Observable, Subject } from 'rxjs'
import { KeyedQueue } from '../common/keyed-queue.ts'
import type { Logger } from '../common/logger.ts'
import { hashStreamKey, newStreamId, newStreamKey } from '../domain/keys.ts'
import { decide, type Fact, type Rules } from '../domain/lifecycle.ts'
import type { Secret } from '../domain/secret.ts'
import type { Stream } from '../domain/stream.ts'
import { AppError } from '../http/errors.ts'
import type { Committed, StreamStore } from './store.ts'

export interface StreamServiceOptions extends Rules {
  readonly store: StreamStore
  readonly logger: Logger
  readonly publicUrl: string
  readonly streamKeyTtlMs: number
  readonly now: () => Date
}

/** A stream and the key that was made for it; the key is stored nowhere. */
export interface Issued {
  readonly stream: Stream
  readonly key: Secret
}

export class StreamService implements AsyncDisposable {
  readonly #options: StreamServiceOptions
  readonly #queue = new KeyedQueue()
  readonly #changes = new Subject<Committed>()
  /** What came of every fact that was put here, in the order of each stream's commits. */
  readonly changes$: Observable<Committed> = this.#changes.asObservable()

  constructor(options: StreamServiceOptions) {
    this.#options = options
  }

  /** Makes a stream that waits for its publisher. */
  async create(input: { title: string | null; record: boolean }): Promise<Issued> {
    const { store, publicUrl, now } = this.#options
    const key = newStreamKey()
    const createdAt = now()
    const keyExpiresAt = this.#expiry(createdAt)
    const stream: Stream = {
      id: newStreamId(),
      ...input,
      status: 'waiting',
      createdAt,
      connectedAt: null,
      liveAt: null,
      endedAt: null,
      endReason: null,
      keyHash: hashStreamKey(key),
      keyExpiresAt,
      deadlineAt: keyExpiresAt,
      publicUrl,
      nodeId: null,
      session: null,
      playlistOpen: false,
      recording: null,
    }
    this.#changes.next(await store.insert(stream))
    return { stream, key }
  }

  /**
   * Puts a fact to a stream.
   * @returns what came of it; null: there is no such stream
   * @throws DatabaseUnavailableError; then the fact has to be put again
   */
  submit(id: string, fact: Fact): Promise<Committed | null> {
    return this.#queue.run(id, async () => {
      const { store, logger } = this.#options
      const now = this.#options.now()
      const committed = await store.apply(id, (stream) => decide(stream, fact, now, this.#options), now)
      if (committed === null) return null
      if (committed.changed)
        logger.info({ stream: id, fact: fact.kind, status: committed.stream.status }, 'stream changed')
      this.#changes.next(committed)
      return committed
    })
  }

  /**
   * Issues a new key for a waiting stream; the old one is dead from then on.
   * @throws AppError 409 when the stream waits no more
   */
  async rotateKey(id: string): Promise<Issued> {
    const key = newStreamKey()
    const keyHash = hashStreamKey(key)
    const expiresAt = this.#expiry(this.#options.now())
    const result = await this.submit(id, { kind: 'key-rotated', keyHash, expiresAt })
    if (!result?.changed) {
      throw new AppError(
        409,
        'stream_not_waiting',
        'Only a stream that is waiting can get a new key. Create a new stream.',
      )
    }
    return { stream: result.stream, key }
  }

  #expiry(from: Date): Date {
    return new Date(from.getTime() + this.#options.streamKeyTtlMs)
  }

  /** Waits for what is being committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.idle()
    this.#changes.complete()
  }
}
