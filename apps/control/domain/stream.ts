// What a stream is: one broadcast, from its first key to its end.

export type StreamStatus = 'waiting' | 'connecting' | 'live' | 'reconnecting' | 'ended'

export type EndReason = 'key_expired' | 'publisher_gone' | 'ended_by_owner' | 'ended_by_operator'

/**
 * Which connection of which nginx a publisher is. nginx counts clients from 1 again after a
 * restart, hence the instance: nginx's pid and start, as the hook's header names them.
 */
export interface SessionRef {
  readonly nodeId: string
  /** Null when the hook did not say (it was not sent by OnAir's nginx configuration). */
  readonly nginx: string | null
  readonly clientId: number
}

/** A publisher's connection, from the moment it was let in. */
export interface Session extends SessionRef {
  readonly acceptedAt: Date
  /** When the playlist that stood there before was written; null: there was none. */
  readonly baselineAt: Date | null
}

/**
 * recording: segments are being kept; processing: the broadcast is over and the recording is being
 * finished; deleting: to be removed from its storage; deleted: that has been done.
 */
export type RecordingStatus = 'recording' | 'processing' | 'ready' | 'failed' | 'deleting' | 'deleted'

/** Where a recording is kept: in RECORDINGS_DIR or in S3_BUCKET. */
export type StorageKind = 'folder' | 's3'

export type RecordingFailure = 'nothing_recorded' | 'storage_unavailable' | 'disk_full'

/** What came of a broadcast that was to be kept; it began when the stream was first live. */
export interface Recording {
  readonly status: RecordingStatus
  readonly storage: StorageKind
  /** When it became ready or failed. */
  readonly finishedAt: Date | null
  /** The figures and files of what is safe, once it is ready or has failed; null: not known. */
  readonly durationMs: number | null
  readonly sizeBytes: number | null
  /** Segments that nginx had finished and that could not be kept. */
  readonly missingSegments: number
  readonly hasPlaylist: boolean
  readonly hasMp4: boolean
  readonly hasPoster: boolean
  readonly failure: RecordingFailure | null
}

export interface Stream {
  readonly id: string
  readonly title: string | null
  readonly record: boolean
  readonly status: StreamStatus
  readonly createdAt: Date
  readonly connectedAt: Date | null
  readonly liveAt: Date | null
  readonly endedAt: Date | null
  readonly endReason: EndReason | null
  readonly keyHash: Uint8Array<ArrayBuffer>
  readonly keyExpiresAt: Date
  /** When the clock ends the stream unless something happens first. */
  readonly deadlineAt: Date | null
  readonly publicUrl: string
  /** The node that last let a publisher in; its folder holds the playlist. */
  readonly nodeId: string | null
  /** The publisher that is connected now. */
  readonly session: Session | null
  /** From the first publisher until the ended stream's playlist says that it has ended. */
  readonly playlistOpen: boolean
  /** Null: there is none, or none yet. */
  readonly recording: Recording | null
}

/** Whether both name the same connection. An instance that is not known matches any. */
export function sameSession(a: SessionRef, b: SessionRef): boolean {
  const sameNginx = a.nginx === null || b.nginx === null || a.nginx === b.nginx
  return a.nodeId === b.nodeId && a.clientId === b.clientId && sameNginx
}
