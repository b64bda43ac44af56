// The rules that decide whether a publisher with a valid stream key may publish now. Pure.
import type { Session, Stream } from './stream.ts'

export type Refusal = 'key_expired' | 'stream_ended' | 'already_publishing'

/**
 * Whether a publisher with the stream's key may publish now: `accept` it, refuse it, or first `check`
 * whether nginx still has the previous publisher.
 */
export function admission(stream: Stream, now: Date): 'accept' | 'check' | Refusal {
  switch (stream.status) {
    case 'ended':
      return stream.endReason === 'key_expired' ? 'key_expired' : 'stream_ended'
    case 'waiting':
      return now < stream.keyExpiresAt ? 'accept' : 'key_expired'
    case 'connecting':
    case 'live':
    case 'reconnecting':
      if (stream.session !== null) return isSettled(stream.session, now) ? 'check' : 'already_publishing'
      return isWindowOpen(stream, now) ? 'check' : 'stream_ended'
    default:
      return stream.status satisfies never
  }
}

/** nginx may take this long to list a publisher that was accepted; until then its absence means nothing. */
export const SETTLE_MS = 5_000

/**
 * Whether a session is old enough that its absence from nginx means the publisher is gone. One that seems to
 * have been accepted far in the future is old enough, too: the clock was set back since.
 */
export function isSettled(session: Session, now: Date): boolean {
  return Math.abs(now.getTime() - session.acceptedAt.getTime()) >= SETTLE_MS
}

/** Whether the reconnect window (or, before the first publisher, the key's time) is still running. */
export function isWindowOpen(stream: Stream, now: Date): boolean {
  return stream.deadlineAt !== null && now < stream.deadlineAt
}
