// Streams as this process last read or wrote them, so that a decision can often skip a read. An entry may
// be out of date; the version in the database decides.
import { keyHashText } from '../domain/keys.ts'
import type { Versioned } from './rows.ts'

/** The least recently touched are forgotten first. */
const MAX_STREAMS = 5_000

export class StreamMemory {
  /** By stream id; the least recently touched first. */
  readonly #latest = new Map<string, Versioned>()
  /** Stream ids by their key's hash. */
  readonly #idByKey = new Map<string, string>()

  get(id: string): Versioned | undefined {
    return this.#latest.get(id)
  }

  getByKey(keyHash: Uint8Array): Versioned | undefined {
    const id = this.#idByKey.get(keyHashText(keyHash))
    return id === undefined ? undefined : this.#latest.get(id)
  }

  /** Ended streams are not remembered: nothing happens to them any more. */
  remember(versioned: Versioned): void {
    const { id, keyHash, status } = versioned.stream
    this.#forget(id)
    if (status === 'ended') return
    this.#latest.set(id, versioned)
    this.#idByKey.set(keyHashText(keyHash), id)
    if (this.#latest.size <= MAX_STREAMS) return
    for (const oldest of this.#latest.keys()) {
      this.#forget(oldest)
      break
    }
  }

  #forget(id: string): void {
    const stream = this.#latest.get(id)?.stream
    this.#latest.delete(id)
    if (stream !== undefined) this.#idByKey.delete(keyHashText(stream.keyHash))
  }
}
