// What a stream is: one broadcast, from its first stream key to its end.
import type { Recording } from './recording.ts'

export type StreamStatus = 'waiting' | 'connecting' | 'live' | 'reconnecting' | 'ended'

export const END_REASONS = [
  'key_expired',
  'publisher_gone',
  'ended_by_owner',
  'ended_by_operator',
  'limit_bitrate',
  'limit_duration',
  'disk_full',
] as const

export type EndReason = (typeof END_REASONS)[number]

/**
 * Names one publisher's connection. nginx counts its clients from 1 again after a restart, so the
 * client's number alone is not enough.
 */
export interface SessionRef {
  readonly nodeId: string
  /** nginx's start time and pid; null when the hook did not contain it (an nginx configuration that is not OnAir's). */
  readonly nginx: string | null
  readonly clientId: number
}

/** A publisher's connection, from the moment it was accepted. */
export interface Session extends SessionRef {
  readonly acceptedAt: Date
  /** When the playlist of the previous session was last written; null: there was no playlist. */
  readonly baselineAt: Date | null
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
  /** Of the key before this one; null: this is the first one. */
  readonly replacedKeyHash: Uint8Array<ArrayBuffer> | null
  /** When the stream ends unless a publisher connects first: the key expires, or the reconnect window closes. */
  readonly deadlineAt: Date | null
  readonly publicUrl: string
  /** The node that accepted the last publisher; its folder holds the playlist. */
  readonly nodeId: string | null
  /** The publisher that is connected now. */
  readonly session: Session | null
  /** The network address of the publisher that was accepted last; null: nginx did not say, or there was none. */
  readonly publisherAddress: string | null
  /** True from the first publisher until the ended stream's playlist carries EXT-X-ENDLIST. */
  readonly playlistOpen: boolean
  /** Null: the stream is not recorded, or has not been live yet. */
  readonly recording: Recording | null
  /** When it was deleted. It has ended then, has no title, and is only kept until its files are removed. */
  readonly deletedAt: Date | null
}

/** Whether both name the same connection. An unknown nginx instance matches any. */
export function sameSession(a: SessionRef, b: SessionRef): boolean {
  const sameNginx = a.nginx === null || b.nginx === null || a.nginx === b.nginx
  return a.nodeId === b.nodeId && a.clientId === b.clientId && sameNginx
}

/**
 * Whether a playlist written at `modifiedAt` belongs to the current session. With `hls_continuous` the
 * playlist of the previous session is still there when the next publisher connects.
 * @param baselineAt when that older playlist was written; null: there was none
 */
export function isNewerThanBaseline(baselineAt: Date | null, modifiedAt: Date): boolean {
  return baselineAt === null || modifiedAt > baselineAt
}
