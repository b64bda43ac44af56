// A try to publish, or the end of a running broadcast by a limit: what is kept of it, for the streamer and operators.
import type { Refusal } from './admission.ts'
import type { LimitRefusal, RunningLimit } from './limits.ts'

export const ATTEMPT_RESULTS = [
  'accepted',
  'expired',
  'rotated',
  'ended',
  'already_publishing',
  'unknown_key',
  'malformed_key',
  'limit_publishers',
  'limit_publishers_per_address',
  'limit_bitrate',
  'limit_duration',
  'disk_full',
  'unavailable',
] as const satisfies readonly (Refusal | LimitRefusal | RunningLimit | string)[]

export type AttemptResult = (typeof ATTEMPT_RESULTS)[number]

export interface Attempt {
  readonly at: Date
  /** The stream of the key; null: no stream has or had it. */
  readonly streamId: string | null
  /** The encoder's network address; null: nginx did not say. */
  readonly address: string | null
  /** What the encoder says it is (flashver); null: nothing. */
  readonly encoder: string | null
  readonly result: AttemptResult
  /** More about it, for people; null: the result says everything. */
  readonly detail: string | null
  /** Of a key that no stream has now: it may have had one before. Only in memory. */
  readonly keyHash?: Uint8Array<ArrayBuffer> | undefined
}

type Reason = Refusal | LimitRefusal | 'unknown_key' | 'malformed_key' | 'nginx_not_clear' | 'lease_lost'

/** The result by which the reason of a refusal is shown. */
export function toAttemptResult(reason: Reason): AttemptResult {
  switch (reason) {
    case 'key_expired':
      return 'expired'
    case 'stream_ended':
      return 'ended'
    case 'nginx_not_clear':
    case 'lease_lost':
      return 'unavailable'
    default:
      return reason
  }
}
