// The limits for publishers, and the rules that judge them. Pure. A limit of 0 is none.
// docs/decisions/0020-limits-for-publishers.md says why each is counted as it is.
import type { EndReason, Stream } from './stream.ts'

export interface PublisherLimits {
  /** Broadcasts at the same time, on all nodes together. */
  readonly publishers: number
  /** The same, from one IPv4 address or one IPv6 /64 network. */
  readonly publishersPerAddress: number
  /** Kilobits per second (1,000 bits), as a mean of at least BITRATE_WINDOW_MS. */
  readonly bitrateKbits: number
  /** Milliseconds since the first publisher was accepted. */
  readonly durationMs: number
  /** Bytes that must be free on the disk of HLS_DIR for a new broadcast. */
  readonly minFreeBytes: number
}

/** Why a running broadcast is ended. */
export type RunningLimit = Extract<EndReason, 'limit_bitrate' | 'limit_duration' | 'disk_full'>

/** Why a first publisher is refused although its key is good. The key stays as it is. */
export type LimitRefusal = 'limit_publishers' | 'limit_publishers_per_address' | 'disk_full'

/** An encoder that starts sends its first seconds faster, and one whose line was slow catches up. */
export const BITRATE_WINDOW_MS = 10_000
/** Running broadcasts are ended below this part of `minFreeBytes`: new ones were refused long before. */
const LAST_RESERVE = 0.1

/** How many broadcasts there are: connecting, live, or waiting for their publisher to come back. */
export interface BroadcastCounts {
  readonly all: number
  readonly fromAddress: number
}

/** Why there is no place for one more broadcast; null: there is one. */
export function lackOfPlace(
  { all, fromAddress }: BroadcastCounts,
  { publishers, publishersPerAddress }: PublisherLimits,
): LimitRefusal | null {
  if (publishers !== 0 && all >= publishers) return 'limit_publishers'
  if (publishersPerAddress !== 0 && fromAddress >= publishersPerAddress) return 'limit_publishers_per_address'
  return null
}

/** Whether a broadcast has lasted longer than it may. */
export function isOverDuration({ connectedAt }: Stream, { durationMs }: PublisherLimits, now: Date): boolean {
  return durationMs !== 0 && connectedAt !== null && now.getTime() - connectedAt.getTime() >= durationMs
}

/** Whether a disk has too little free space for a new broadcast. */
export function isTooFull(freeBytes: number, { minFreeBytes }: PublisherLimits): boolean {
  return freeBytes < minFreeBytes
}

/** Whether a disk is about to fill, so that running broadcasts have to end. */
export function isAboutToFill(freeBytes: number, { minFreeBytes }: PublisherLimits): boolean {
  return freeBytes < minFreeBytes * LAST_RESERVE
}
