// Lets work through a few pieces at each turn of the event loop, in the order of arrival, so that a rush of it leaves
// room for other work in between.

export class Turns {
  readonly #size: number
  readonly #waiting: (() => void)[] = []
  #scheduled = false

  /** @param size pieces of work in one turn */
  constructor(size: number) {
    this.#size = size
  }

  /** Resolves when it is the caller's turn, which is never in the present one. */
  next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    this.#schedule()
    return promise
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      for (const resolve of this.#waiting.splice(0, this.#size)) resolve()
      this.#schedule()
    })
  }
}
