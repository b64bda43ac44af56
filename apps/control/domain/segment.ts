// A segment: a few seconds of a broadcast, as one file (nginx-rtmp calls it a fragment).

export interface Segment {
  /** When nginx began it, in ms since 1970; nginx names the file after it. */
  readonly startedAtMs: number
  /**
   * nginx's number of the segment. Each node's nginx counts a stream's segments from 0, goes on when the publisher
   * comes back, and begins again only in a new directory.
   */
  readonly sequence: number
  readonly durationMs: number
  /** Whether it is the first segment of a publisher's session. */
  readonly discontinuity: boolean
}

/** A segment of a recording. */
export interface StoredSegment extends Segment {
  /** Whose nginx wrote it, as `nodeTag` names the node; empty in recordings of versions that did not say. */
  readonly node: string
}

/** Whether a segment follows another of the same session, with none missing between them. */
export function continues(before: StoredSegment, segment: StoredSegment): boolean {
  const isNext = segment.sequence === before.sequence + 1
  return isNext && segment.node === before.node && !segment.discontinuity
}

/**
 * Counts the segments that are missing, from nginx's numbers: those below a node's highest number that no segment
 * has. A number that a node gives twice means that it began to count again.
 */
export class MissingCount {
  readonly #seen = new Map<string, { numbers: Set<number>; highest: number }>()
  #finishedCounts = 0

  /** Segments of one node are to be added in playing order. */
  add({ node, sequence }: StoredSegment): void {
    let count = this.#seen.get(node)
    if (count === undefined || count.numbers.has(sequence)) {
      if (count !== undefined) this.#finishedCounts += missingIn(count)
      count = { numbers: new Set(), highest: -1 }
      this.#seen.set(node, count)
    }
    count.numbers.add(sequence)
    count.highest = Math.max(count.highest, sequence)
  }

  get total(): number {
    return [...this.#seen.values()].reduce((sum, count) => sum + missingIn(count), this.#finishedCounts)
  }
}

function missingIn({ numbers, highest }: { numbers: Set<number>; highest: number }): number {
  return highest + 1 - numbers.size
}
