// What comes in from publishers, for those who ask. nginx is asked when somebody does, and at most
// once a second however many they are.

import type { NginxClient } from './nginx-client.ts'
import type { FiguresOf } from './publisher-figures.ts'

const FRESH_MS = 1_000

export interface IngestReading {
  readonly measuredAt: Date
  readonly nginx: string | null
  /** Who publishes, by stream. */
  readonly publishers: ReadonlyMap<string, number | null>
  readonly figuresOf: FiguresOf
}

export interface IngestWatchOptions {
  readonly nginx: NginxClient
  readonly now: () => Date
}

export class IngestWatch {
  readonly #options: IngestWatchOptions
  #asked: { readonly at: number; readonly reading: Promise<IngestReading> } | null = null

  constructor(options: IngestWatchOptions) {
    this.#options = options
  }

  /** At most a second old. @throws NginxUnavailableError */
  async read(): Promise<IngestReading> {
    const { nginx, now } = this.#options
    if (this.#asked === null || performance.now() - this.#asked.at >= FRESH_MS) {
      const measuredAt = now()
      const reading = nginx.ingest().then((answer) => ({ measuredAt, ...answer }))
      const asked = { at: performance.now(), reading }
      this.#asked = asked
      // A failure is for those who wait for it; the next one asks anew.
      reading.catch(() => {
        if (this.#asked === asked) this.#asked = null
      })
    }
    return this.#asked.reading
  }
}
