// What publishers send, for the API. nginx is asked at most once a second, however many requests there are.
import type { DetailedSnapshot, NginxClient } from './nginx-client.ts'

const FRESH_MS = 1_000

export interface PublisherReading extends DetailedSnapshot {
  readonly measuredAt: Date
}

export interface PublisherMonitorOptions {
  readonly nginx: NginxClient
  readonly now: () => Date
}

export class PublisherMonitor {
  readonly #options: PublisherMonitorOptions
  #latest: { readonly askedAtMs: number; readonly reading: Promise<PublisherReading> } | null = null

  constructor(options: PublisherMonitorOptions) {
    this.#options = options
  }

  /** At most a second old. @throws NginxUnavailableError */
  async read(): Promise<PublisherReading> {
    const { nginx, now } = this.#options
    if (this.#latest === null || performance.now() - this.#latest.askedAtMs >= FRESH_MS) {
      const measuredAt = now()
      const reading = nginx.detailedStat().then((answer) => ({ measuredAt, ...answer }))
      const latest = { askedAtMs: performance.now(), reading }
      this.#latest = latest
      // A failure is only reported to those who wait for it; the next caller asks nginx again.
      reading.catch(() => {
        if (this.#latest === latest) this.#latest = null
      })
    }
    return this.#latest.reading
  }
}
