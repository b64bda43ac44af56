// A segment: one finished piece of a broadcast's video (nginx-rtmp calls it a fragment).

export interface Segment {
  /** When nginx began it, in ms since 1970. nginx names the file after it, so every reader sees the same. */
  readonly startedAtMs: number
  /** nginx's count of the stream's segments on this node, from 0. */
  readonly sequence: number
  readonly durationMs: number
  /** Whether another publisher's video begins here. */
  readonly discontinuity: boolean
}

/** How many segments are missing before `segment`, by nginx's count. Another node counts from 0 again. */
export function missingBetween(before: Segment | undefined, segment: Segment): number {
  const expected = before === undefined ? 0 : before.sequence + 1
  return Math.max(0, segment.sequence - expected)
}
