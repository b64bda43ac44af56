// What a recording is, and how facts change its status, from the stream's first moment live until its
// files are removed. Pure.

import { isSamePart, type PartFigures, type PartRef, type RecordingPart } from './recording-part.ts'

/**
 * recording: segments are being stored; processing: the broadcast is over and the recording is being finalized;
 * ready: it can be watched; failed: it could not be stored in full; deleting: its files are being removed from the
 * storage; deleted: they are removed.
 */
export type RecordingStatus = 'recording' | 'processing' | 'ready' | 'failed' | 'deleting' | 'deleted'

/** Where a recording is stored: in RECORDINGS_DIR or in S3_BUCKET. */
export type StorageKind = 'folder' | 's3'

/** A storage as the rules know it. */
export interface RecordingStorage {
  readonly kind: StorageKind
  /** See `RecordingPart.storageId`. */
  readonly id: string
}

export type RecordingFailure = 'nothing_recorded' | 'storage_unavailable' | 'disk_full'

/** Figures and files of what is stored. */
export interface RecordingSummary {
  /** Null: unknown. */
  readonly durationMs: number | null
  readonly sizeBytes: number | null
  /** Segments that nginx finished and that are not in the recording. */
  readonly missingSegments: number
  readonly hasPlaylist: boolean
  readonly hasMp4: boolean
  readonly hasPoster: boolean
}

/** The recording of one broadcast; it begins when the stream first goes live. */
export interface Recording extends RecordingSummary {
  readonly status: RecordingStatus
  readonly storage: StorageKind
  /** When it became ready or failed. */
  readonly finishedAt: Date | null
  readonly failure: RecordingFailure | null
  /**
   * One for each node and storage that has segments of the broadcast, the one with the latest session last. Empty:
   * all are removed, or the recording is from a version without parts and its node has not started since.
   */
  readonly parts: readonly RecordingPart[]
}

/** Statuses in which a node still has work to do for a recording. */
export const ACTIVE_RECORDING_STATUSES = ['recording', 'processing', 'deleting'] as const

/** What can happen to a recording. A fact that comes twice or late changes nothing. */
export type RecordingFact =
  | { readonly kind: 'recording-finished'; readonly summary: RecordingSummary }
  | {
      readonly kind: 'recording-failed'
      readonly failure: RecordingFailure
      readonly summary: RecordingSummary
    }
  | { readonly kind: 'recording-delete-requested' }
  /** A node has stored all segments of its part. */
  | ({ readonly kind: 'recording-part-stored'; readonly stored: PartFigures } & PartRef)
  /** A part's files are removed, and its node will not write any more. */
  | ({ readonly kind: 'recording-part-removed' } & PartRef)

/** The recording of a stream that has just gone live for the first time, on the node that has this part. */
export function newRecording(storage: StorageKind, part: RecordingPart): Recording {
  return {
    status: 'recording',
    storage,
    parts: [part],
    finishedAt: null,
    durationMs: null,
    sizeBytes: null,
    missingSegments: 0,
    hasPlaylist: false,
    hasMp4: false,
    hasPoster: false,
    failure: null,
  }
}

/** The recording of a stream that is live again, on the node that has this part: the part is the last one from now on. */
export function resumeRecording(recording: Recording, storage: StorageKind, part: RecordingPart): Recording {
  if (recording.status !== 'recording') return recording
  const others = recording.parts.filter((other) => !isSamePart(other, part))
  return { ...recording, storage, parts: [...others, part] }
}

/** The recording of a stream whose publisher is admitted again: its node may write more segments of its part. */
export function reopenPart(recording: Recording | null, ref: PartRef): Recording | null {
  if (recording?.status !== 'recording') return recording
  const isStored = recording.parts.some((part) => isSamePart(part, ref) && part.stored !== null)
  return isStored ? replacePart(recording, ref, (part) => [{ ...part, stored: null }]) : recording
}

/** The recording once the broadcast has ended: it is to be finalized, unless it failed or was deleted before. */
export function endRecording(recording: Recording | null): Recording | null {
  return recording?.status === 'recording' ? { ...recording, status: 'processing' } : recording
}

/** @returns the recording after the fact; the very same object when the fact changes nothing */
export function decideRecording(recording: Recording, fact: RecordingFact, now: Date): Recording {
  const { status } = recording
  switch (fact.kind) {
    case 'recording-finished':
      if (status !== 'processing') return recording
      return { ...recording, ...fact.summary, status: 'ready', finishedAt: now }
    case 'recording-failed':
      if (status !== 'recording' && status !== 'processing') return recording
      return { ...recording, ...fact.summary, status: 'failed', finishedAt: now, failure: fact.failure }
    case 'recording-delete-requested':
      // Allowed in every status: an owner who no longer wants to be recorded need not wait for the end.
      if (status === 'deleting' || status === 'deleted') return recording
      return { ...recording, status: 'deleting' }
    case 'recording-part-stored': {
      if (status !== 'recording' && status !== 'processing') return recording
      const isOpen = recording.parts.some((part) => isSamePart(part, fact) && part.stored === null)
      if (!isOpen) return recording
      return replacePart(recording, fact, (part) => [{ ...part, stored: fact.stored }])
    }
    case 'recording-part-removed': {
      if (status !== 'deleting' || !recording.parts.some((part) => isSamePart(part, fact))) return recording
      const left = replacePart(recording, fact, () => [])
      return left.parts.length === 0 ? { ...left, status: 'deleted' } : left
    }
    default:
      return fact satisfies never
  }
}

function replacePart(
  recording: Recording,
  ref: PartRef,
  replace: (part: RecordingPart) => RecordingPart[],
): Recording {
  return {
    ...recording,
    parts: recording.parts.flatMap((part) => (isSamePart(part, ref) ? replace(part) : [part])),
  }
}
