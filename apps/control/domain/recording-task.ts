// Which node has to do what for a recording (docs/decisions/0008-recordings.md). Pure.
import type { Recording } from './recording.ts'
import { mainPart, partsElsewhere, type RecordingPart } from './recording-part.ts'

/** How one node sees the others. */
export interface NodeView {
  readonly nodeId: string
  /** Whether this node uses a storage, so that it can list, read and remove its files. */
  canReach(storageId: string): boolean
  /** Whether another node has been dead for RECORDINGS_PATIENCE, so that it is not waited for any longer. */
  isDead(nodeId: string): boolean
}

/** What a node has to do for a recording now. */
export type RecordingTask =
  /** Store the segments of its own part. */
  | { readonly kind: 'store'; readonly part: RecordingPart }
  /** Make playlist, poster and MP4 of what the storage of this part has. */
  | { readonly kind: 'finalize'; readonly part: RecordingPart }
  /** Remove the files from these storages; then report that these parts, which nobody writes any more, are removed. */
  | {
      readonly kind: 'remove'
      readonly storageIds: readonly string[]
      readonly parts: readonly RecordingPart[]
    }

/** @returns null when this node has nothing to do, at least until something changes */
export function recordingTask(recording: Recording | null, view: NodeView): RecordingTask | null {
  if (recording === null) return null
  const { status, parts } = recording
  if (status === 'deleting') return removal(parts, view)
  if (status !== 'recording' && status !== 'processing') return null
  const isOwn = ({ nodeId, storageId }: RecordingPart) => nodeId === view.nodeId && view.canReach(storageId)
  const unfinished = parts.find((part) => part.stored === null && isOwn(part))
  if (unfinished !== undefined) return { kind: 'store', part: unfinished }
  const main = mainPart(parts)
  if (status !== 'processing' || main === undefined) return null
  const isComplete = parts.every(({ stored, nodeId }) => stored !== null || view.isDead(nodeId))
  const isOurs = view.canReach(main.storageId) && (main.nodeId === view.nodeId || view.isDead(main.nodeId))
  return isComplete && isOurs ? { kind: 'finalize', part: main } : null
}

function removal(all: readonly RecordingPart[], view: NodeView): RecordingTask | null {
  const reachable = all.filter(({ storageId }) => view.canReach(storageId))
  if (reachable.length === 0) return null
  // A node that is still storing segments would write files again after they were removed.
  const parts = reachable.filter(
    ({ nodeId, stored }) => stored !== null || nodeId === view.nodeId || view.isDead(nodeId),
  )
  return { kind: 'remove', storageIds: [...new Set(reachable.map(({ storageId }) => storageId))], parts }
}

/** Segments that are stored, but not in the storage that has the recording. */
export function segmentsElsewhere({ parts }: Recording): number {
  return sum(partsElsewhere(parts).map(({ stored }) => stored?.segments ?? 0))
}

/** Bytes of a finished recording that are in one storage. */
export function bytesIn({ parts, sizeBytes }: Recording, storageId: string): number {
  const isMain = mainPart(parts)?.storageId === storageId
  const elsewhere = partsElsewhere(parts).filter((part) => part.storageId === storageId)
  return (isMain ? (sizeBytes ?? 0) : 0) + sum(elsewhere.map(({ stored }) => stored?.sizeBytes ?? 0))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
