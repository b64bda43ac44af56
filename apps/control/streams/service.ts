// The only way to change a stream. Facts are applied one after the other per stream; each decision is
// committed first and published afterwards, to the feed, the timers and the code that carries out its effects.
import { type Observable, Subject } from 'rxjs'
import { toEventDraft } from '../api/event-draft.ts'
import { KeyedQueue } from '../common/keyed-queue.ts'
import type { Logger } from '../common/logger.ts'
import type { EventDraft, LoggedEvent } from '../domain/event.ts'
import { hashStreamKey, newStreamId, newStreamKey } from '../domain/keys.ts'
import { decide, type Effect, type Fact, type Rules, type StreamEvent } from '../domain/lifecycle.ts'
import type { LimitRefusal } from '../domain/limits.ts'
import type { Secret } from '../domain/secret.ts'
import type { Stream } from '../domain/stream.ts'
import type { Place } from './publisher-places.ts'
import type { StreamStore } from './store.ts'

export interface StreamServiceOptions extends Rules {
  readonly store: StreamStore
  readonly logger: Logger
  readonly publicUrl: string
  readonly streamKeyTtlMs: number
  /** How many viewers a stream has now; events contain the number. */
  readonly viewersOf: (id: string) => number
  readonly now: () => Date
}

/** The result of a fact, once it is committed. */
export interface Committed {
  readonly stream: Stream
  /** Whether the fact changed the stream. */
  readonly changed: boolean
  readonly events: readonly LoggedEvent[]
  readonly effects: readonly Effect[]
  /** Why there was no place for the broadcast; null: there was, or none was asked for. */
  readonly refusal: LimitRefusal | null
}

/** A stream and its new stream key; only the key's hash is stored. */
export interface Issued {
  readonly stream: Stream
  readonly key: Secret
}

export class StreamService implements AsyncDisposable {
  readonly #options: StreamServiceOptions
  readonly #queue = new KeyedQueue()
  readonly #changes = new Subject<Committed>()
  /**
   * The result of every fact that this process has applied, in commit order for each stream. Subscribers run
   * synchronously, before `submit` resolves. The publish gate depends on that: the watcher on a
   * stream's directory is in place before nginx gets its 302 and writes the first file.
   */
  readonly changes$: Observable<Committed> = this.#changes.asObservable()

  constructor(options: StreamServiceOptions) {
    this.#options = options
  }

  /** Creates a stream that waits for its publisher. @throws DatabaseUnavailableError */
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
      replacedKeyHash: null,
      deadlineAt: keyExpiresAt,
      publicUrl,
      nodeId: null,
      session: null,
      publisherAddress: null,
      playlistOpen: false,
      recording: null,
      deletedAt: null,
    }
    const drafts = this.#draft(stream, [{ type: 'stream.created' }], createdAt)
    const events = await store.insert({ stream, events: drafts })
    this.#changes.next({ stream, changed: true, events, effects: [], refusal: null })
    return { stream, key }
  }

  /**
   * Applies a fact to a stream.
   * @param place what the change takes; when there is none, nothing is changed
   * @returns the result; null: there is no such stream
   * @throws DatabaseUnavailableError; then the fact has to be submitted again
   */
  submit(id: string, fact: Fact, place?: Place): Promise<Committed | null> {
    return this.#queue.run(id, async () => {
      const { store, logger } = this.#options
      const now = this.#options.now()
      const decideOn = (before: Stream) => {
        const { stream, events, effects } = decide(before, fact, now, this.#options)
        return { stream, events: this.#draft(stream, events, now), effects }
      }
      const applied = await store.apply(id, decideOn, place)
      if (applied === null) return null
      const { change, changed, events, refusal } = applied
      const { stream, effects } = change
      if (refusal !== null) return { stream, changed, events, effects: [], refusal }
      if (changed) logger.info({ stream: id, fact: fact.kind, status: stream.status }, 'stream changed')
      const committed: Committed = { stream, changed, events, effects, refusal }
      this.#changes.next(committed)
      return committed
    })
  }

  /**
   * Issues a new stream key for a waiting stream; the old one stops working.
   * @param keepPublishing also for a stream whose broadcast has begun; its publisher stays connected
   * @returns null when the stream is no longer waiting or has ended, or its key has expired
   */
  async rotateKey(id: string, keepPublishing: boolean): Promise<Issued | null> {
    const key = newStreamKey()
    const keyHash = hashStreamKey(key)
    const expiresAt = this.#expiry(this.#options.now())
    const result = await this.submit(id, { kind: 'key-rotated', keyHash, expiresAt, keepPublishing })
    return result?.changed ? { stream: result.stream, key } : null
  }

  #draft(stream: Stream, events: readonly StreamEvent[], now: Date): EventDraft[] {
    const { viewersOf } = this.#options
    return events.map((event) => toEventDraft(stream, event, viewersOf(stream.id), now))
  }

  #expiry(from: Date): Date {
    return new Date(from.getTime() + this.#options.streamKeyTtlMs)
  }

  /** Waits for the decisions that are being committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.idle()
    this.#changes.complete()
  }
}
