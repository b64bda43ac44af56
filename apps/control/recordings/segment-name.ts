// The file name of a stored segment. It holds all that a playlist says about the segment, so the storage's list
// of files is a complete record, and no second record can disagree with it.
import type { Segment } from '../domain/segment.ts'

const NAME = /^(\d{13})-(\d{1,9})-(\d{1,9})(-d)?\.ts$/

/** `<startedAtMs>-<sequence>-<durationMs>[-d].ts`; in the order of these names, segments are in playing order. */
export function segmentName({ startedAtMs, sequence, durationMs, discontinuity }: Segment): string {
  return `${startedAtMs}-${sequence}-${durationMs}${discontinuity ? '-d' : ''}.ts`
}

/** Null: this is not the name of a segment. */
export function parseSegmentName(name: string): Segment | null {
  const [, start, sequence, duration, mark] = NAME.exec(name) ?? []
  if (start === undefined) return null
  return {
    startedAtMs: Number(start),
    sequence: Number(sequence),
    durationMs: Number(duration),
    discontinuity: mark !== undefined,
  }
}
