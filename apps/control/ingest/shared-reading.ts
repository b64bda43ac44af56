// One reading for everybody who asks at the same time, of something that is expensive to read.

/**
 * Answers each caller with a reading that began after the call: an earlier one may not show what the caller
 * wants to know about. All who call while a reading is in progress share the next one, so that at most one
 * is in progress at any time.
 */
export class SharedReading<T> {
  readonly #begin: () => Promise<T>
  #current: Promise<T> | null = null
  #next: Promise<T> | null = null

  /** @param begin begins a reading */
  constructor(begin: () => Promise<T>) {
    this.#begin = begin
  }

  /** Rejects as the reading does. */
  read(): Promise<T> {
    if (this.#current === null) return this.#start()
    this.#next ??= this.#current.then(
      () => this.#start(),
      () => this.#start(),
    )
    return this.#next
  }

  #start(): Promise<T> {
    this.#next = null
    const current = this.#begin()
    this.#current = current
    const end = () => {
      if (this.#current === current && this.#next === null) this.#current = null
    }
    current.then(end, end)
    return current
  }
}
