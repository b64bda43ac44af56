// A segment of a recording. Its name in the storage says all that a playlist needs to know of it, so
// that the list of what is kept is the only record there is, and is never out of step with it.

export interface Segment {
  /** When nginx began it, in ms since 1970: its own name for it, and so the same for every reader. */
  readonly startedAtMs: number
  /** nginx's count of the stream's segments on this node, from 0. */
  readonly sequence: number
  readonly durationMs: number
  /** Whether a new publisher's pictures begin here. */
  readonly discontinuity: boolean
}

const NAME = /^(\d{13})-(\d{1,9})-(\d{1,9})(-d)?\.ts$/

/** `<start>-<sequence>-<duration>[-d].ts`; in the order of these names the segments follow each other. */
export function nameOf({ startedAtMs, sequence, durationMs, discontinuity }: Segment): string {
  return `${startedAtMs}-${sequence}-${durationMs}${discontinuity ? '-d' : ''}.ts`
}

/** Null: the name of something else. */
export function parseName(name: string): Segment | null {
  const [, start, sequence, duration, mark] = NAME.exec(name) ?? []
  if (start === undefined) return null
  return {
    startedAtMs: Number(start),
    sequence: Number(sequence),
    durationMs: Number(duration),
    discontinuity: mark !== undefined,
  }
}

/** Segments that are missing before `segment`, as nginx's count tells; another node counts anew. */
export function missingBetween(before: Segment | undefined, segment: Segment): number {
  const expected = before === undefined ? 0 : before.sequence + 1
  return Math.max(0, segment.sequence - expected)
}
