// Prometheus metrics, served on the internal port only.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** The default of 10 ms wakes an idle process a hundred times a second, more often than everything else in it. */
const LAG_SAMPLE_MS = 1_000

export interface MetricSources {
  readonly readers: () => number
  readonly viewers: () => number
  readonly watchedPlaylists: () => number
  readonly recordings: () => number
  readonly eventHead: () => number
  readonly clockOffsetS: () => number
}

export class Metrics {
  readonly #registry = new Registry()
  readonly hooks: Counter<'hook' | 'result'>
  readonly changes: Counter<'method' | 'route'>
  readonly refusals: Counter<'route' | 'code'>

  constructor(sources: MetricSources) {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LAG_SAMPLE_MS })
    this.hooks = new Counter({
      name: 'onair_hooks_total',
      help: 'Hooks called by nginx, by hook and result',
      labelNames: ['hook', 'result'],
      registers,
    })
    this.changes = new Counter({
      name: 'onair_api_changes_total',
      help: 'Requests to the public API that asked for a change and were answered, by method and route',
      labelNames: ['method', 'route'],
      registers,
    })
    this.refusals = new Counter({
      name: 'onair_api_refusals_total',
      help: 'Requests to the public API that were refused, by route and the problem’s code',
      labelNames: ['route', 'code'],
      registers,
    })
    gauge(
      'onair_event_readers',
      'Open Server-Sent Events connections of this process',
      sources.readers,
      registers,
    )
    gauge('onair_viewers', 'Watch pages connected to this process', sources.viewers, registers)
    gauge(
      'onair_awaited_playlists',
      'Streams whose first playlist this process waits for',
      sources.watchedPlaylists,
      registers,
    )
    gauge('onair_recordings', 'Recordings that this process is working on', sources.recordings, registers)
    gauge(
      'onair_event_head',
      'Id of the newest event that this process has sent to readers',
      sources.eventHead,
      registers,
    )
    gauge(
      'onair_clock_offset_seconds',
      'How far this machine’s clock is ahead of the database’s',
      sources.clockOffsetS,
      registers,
    )
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  render(): Promise<string> {
    return this.#registry.metrics()
  }
}

function gauge(name: string, help: string, read: () => number, registers: Registry[]): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(read())
    },
  })
}
