// A clock that a test can move: the real one and an offset.

/** Never behind the real clock: timers, which go by the real one, would fire before their time for ever. */
export class TestClock {
  #offsetMs = 0

  readonly now = (): Date => new Date(Date.now() + this.#offsetMs)

  advance(ms: number): void {
    this.#offsetMs += ms
  }
}
