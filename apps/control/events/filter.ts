// Which events a reader wants: those of one stream, or those of all streams that have been live.
import type { FrameType, LoggedEvent } from '../domain/event.ts'

export interface EventFilter {
  /** Null: all streams that have been live. */
  readonly streamId: string | null
  /** Null: every type. */
  readonly types: ReadonlySet<FrameType> | null
}

export function isWanted(
  { streamId, types }: EventFilter,
  event: Pick<LoggedEvent, 'streamId' | 'type' | 'wasLive'>,
): boolean {
  const isOfStream = streamId === null ? event.wasLive : event.streamId === streamId
  return isOfStream && (types === null || (types as ReadonlySet<string>).has(event.type))
}

/** Equal for filters that want the same events. */
export function filterKey({ streamId, types }: EventFilter): string {
  return `${streamId ?? ''} ${types === null ? '' : [...types].sort().join(',')}`
}
