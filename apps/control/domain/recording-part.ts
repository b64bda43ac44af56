// A part of a recording. A broadcast can move between nodes, and each node stores the segments that its own nginx
// wrote: that is its part. Pure.

/** What one node has stored of a broadcast in one storage. */
export interface RecordingPart {
  readonly nodeId: string
  /** The storage's identity: `s3`, or the id in the recordings folder, which all nodes that share the folder read. */
  readonly storageId: string
  /** PUBLIC_URL of the node, whose nginx serves what is in its folder. */
  readonly publicUrl: string
  /** What is stored, once the node has stored all of its part; null: not yet, or not known. */
  readonly stored: PartFigures | null
}

export interface PartFigures {
  readonly segments: number
  readonly sizeBytes: number
}

export type PartRef = Pick<RecordingPart, 'nodeId' | 'storageId'>

/** Whether both are the same node's part in the same storage. */
export function isSamePart(a: PartRef, b: PartRef): boolean {
  return a.nodeId === b.nodeId && a.storageId === b.storageId
}

/**
 * The part whose storage has the recording: the last one that has segments. Segments in another storage are not
 * in the recording. Undefined: there is no part.
 */
export function mainPart(parts: readonly RecordingPart[]): RecordingPart | undefined {
  return parts.findLast(({ stored }) => stored === null || stored.segments > 0) ?? parts.at(-1)
}

/** The parts in another storage than the one that has the recording. */
export function partsElsewhere(parts: readonly RecordingPart[]): RecordingPart[] {
  const main = mainPart(parts)
  return parts.filter(({ storageId }) => storageId !== main?.storageId)
}
