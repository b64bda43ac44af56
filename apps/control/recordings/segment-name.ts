// The file name of a stored segment. It holds all that a playlist says about the segment, and which node wrote it, so
// the storage's list of files is a complete record, and no second record can disagree with it.
import { createHash } from 'node:crypto'
import type { StoredSegment } from '../domain/segment.ts'

const NAME = /^(\d{13})-(\d{1,9})-(\d{1,9})(?:-n([0-9a-f]{8}))?(-d)?\.ts$/

/** What stands for a node in the names of its segments; NODE_ID may hold characters that a file name may not. */
export function nodeTag(nodeId: string): string {
  return createHash('sha256').update(nodeId).digest('hex').slice(0, 8)
}

/** `<startedAtMs>-<sequence>-<durationMs>[-n<node>][-d].ts`; sorted by name, segments are in playing order. */
export function segmentName({
  startedAtMs,
  sequence,
  durationMs,
  node,
  discontinuity,
}: StoredSegment): string {
  const marks = `${node === '' ? '' : `-n${node}`}${discontinuity ? '-d' : ''}`
  return `${startedAtMs}-${sequence}-${durationMs}${marks}.ts`
}

/** Null: this is not the name of a segment. */
export function parseSegmentName(name: string): StoredSegment | null {
  const [, start, sequence, duration, node, mark] = NAME.exec(name) ?? []
  if (start === undefined) return null
  return {
    startedAtMs: Number(start),
    sequence: Number(sequence),
    durationMs: Number(duration),
    node: node ?? '',
    discontinuity: mark !== undefined,
  }
}
