// Runs work for the same key one after the other, and work for different keys at once.

export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  /**
   * Resolves or rejects as `work` does, once all earlier work for `key` is done.
   * @param signal work that has not begun when it aborts is skipped, and rejects with its reason
   */
  run<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const result = before.then(() => {
      signal?.throwIfAborted()
      return work()
    })
    const tail = result
      .catch(() => {})
      .then(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key)
      })
    this.#tails.set(key, tail)
    return result
  }

  /** Resolves when no work is running or waiting. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values())
  }
}
