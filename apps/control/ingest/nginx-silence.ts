// Judges from looks that fail whether nginx is away or merely slow for a moment.

/** So many looks in a row have to fail, over so long a time. */
const LOOKS = 3
const SILENCE_MS = 8_000

export class NginxSilence {
  readonly #monotonicMs: () => number
  #failures = 0
  #sinceMs = 0

  constructor(monotonicMs: () => number = () => performance.now()) {
    this.#monotonicMs = monotonicMs
  }

  /** @param askedAtMs when the look began that has failed now, by the monotonic clock */
  failed(askedAtMs: number): void {
    if (this.#failures === 0) this.#sinceMs = askedAtMs
    this.#failures += 1
  }

  answered(): void {
    this.#failures = 0
  }

  /** Whether the last look has failed. */
  get isSilent(): boolean {
    return this.#failures > 0
  }

  /** Whether nginx has been silent for so long that it counts as away. */
  get isAway(): boolean {
    return this.#failures >= LOOKS && this.#monotonicMs() - this.#sinceMs >= SILENCE_MS
  }
}
