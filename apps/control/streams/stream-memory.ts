// A cache of streams as this process last read or wrote them, so that most decisions need no read. An entry
// may be out of date: the row's version in the database decides.
import { keyHashText } from '../domain/keys.ts'
import type { Versioned } from './rows.ts'

/** When there are more, the least recently read or written stream is removed. */
const MAX_STREAMS = 5_000

export class StreamMemory {
  /** By stream id; the least recently read or written first. */
  readonly #latest = new Map<string, Versioned>()
  /** Stream ids by the hash of their stream key. */
  readonly #idByKey = new Map<string, string>()

  get(id: string): Versioned | undefined {
    return this.#latest.get(id)
  }

  getByKey(keyHash: Uint8Array): Versioned | undefined {
    const id = this.#idByKey.get(keyHashText(keyHash))
    return id === undefined ? undefined : this.#latest.get(id)
  }

  /** Ended streams are not cached, because they rarely change again. */
  remember(versioned: Versioned): void {
    const { id, keyHash, status } = versioned.stream
    this.forget(id)
    if (status === 'ended') return
    this.#latest.set(id, versioned)
    this.#idByKey.set(keyHashText(keyHash), id)
    if (this.#latest.size <= MAX_STREAMS) return
    for (const oldest of this.#latest.keys()) {
      this.forget(oldest)
      break
    }
  }

  forget(id: string): void {
    const stream = this.#latest.get(id)?.stream
    this.#latest.delete(id)
    if (stream !== undefined) this.#idByKey.delete(keyHashText(stream.keyHash))
  }
}
