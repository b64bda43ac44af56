// How much of everything: enough for figures that repeat, or just enough to see that it works.

export interface Scale {
  /** Other live streams that are being written while something is measured. */
  readonly others: readonly number[]
  /** Whole passes over all of `others`. */
  readonly passes: number
  readonly liveEvent: { readonly rounds: number; readonly streams: number }
  readonly watchSeconds: number
  readonly readers: readonly number[]
  readonly fanOutRounds: number
  readonly gate: {
    readonly atOnce: readonly number[]
    readonly rounds: number
    /** Hooks a round; those that are let in need a stream each. */
    readonly refusals: number
    readonly admissions: number
  }
  readonly rtmp: { readonly rounds: number; readonly publishers: number }
  readonly keys: { readonly rounds: number; readonly streams: number }
  readonly restart: { readonly oldStreams: readonly number[]; readonly live: number; readonly rounds: number }
  readonly backfill: {
    /** In the log. */
    readonly events: number
    readonly readers: readonly {
      readonly count: number
      /** The newest events that each of them gets. */
      readonly each: number
      readonly rounds: number
    }[]
  }
  readonly reconnect: {
    readonly readers: number
    /** Live streams, among which watching readers are spread. */
    readonly streams: number
    readonly rounds: number
  }
  readonly idleSeconds: number
}

export const FULL: Scale = {
  others: [0, 100, 1_000],
  passes: 2,
  liveEvent: { rounds: 3, streams: 25 },
  watchSeconds: 15,
  readers: [1_000, 5_000, 10_000],
  fanOutRounds: 7,
  gate: { atOnce: [1, 10, 100], rounds: 3, refusals: 3_000, admissions: 200 },
  rtmp: { rounds: 5, publishers: 30 },
  keys: { rounds: 5, streams: 300 },
  restart: { oldStreams: [100, 10_000, 1_000_000], live: 1_000, rounds: 5 },
  backfill: {
    events: 100_000,
    readers: [
      { count: 1, each: 100_000, rounds: 3 },
      { count: 100, each: 10_000, rounds: 2 },
    ],
  },
  reconnect: { readers: 10_000, streams: 500, rounds: 3 },
  idleSeconds: 20,
}

export const TINY: Scale = {
  others: [0, 2],
  passes: 1,
  liveEvent: { rounds: 1, streams: 2 },
  watchSeconds: 0.2,
  readers: [5],
  fanOutRounds: 1,
  gate: { atOnce: [2], rounds: 1, refusals: 4, admissions: 2 },
  rtmp: { rounds: 1, publishers: 2 },
  keys: { rounds: 1, streams: 4 },
  restart: { oldStreams: [10, 20], live: 2, rounds: 1 },
  backfill: { events: 500, readers: [{ count: 2, each: 500, rounds: 1 }] },
  reconnect: { readers: 5, streams: 2, rounds: 1 },
  idleSeconds: 0.2,
}
