// A segment: a few seconds of a broadcast, as one file (nginx-rtmp calls it a fragment).

export interface Segment {
  /** When nginx began it, in ms since 1970; nginx names the file after it. */
  readonly startedAtMs: number
  /** nginx's number of the segment: on each node, a stream's first segment has 0. */
  readonly sequence: number
  readonly durationMs: number
  /** Whether it is the first segment of a publisher's session. */
  readonly discontinuity: boolean
}

/** How many segments are missing between the two, by nginx's numbers. Another node starts from 0 again. */
export function missingBetween(before: Segment | undefined, segment: Segment): number {
  const expected = before === undefined ? 0 : before.sequence + 1
  return Math.max(0, segment.sequence - expected)
}
