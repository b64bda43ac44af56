// What is on air: a snapshot plus the events after it. Pure.
import type { Stream, StreamEvent, ViewersEvent } from '../api/shapes.ts'
import { isAfter } from './event-order.ts'

export interface LiveList {
  /** Live or reconnecting, the newest first. */
  readonly streams: readonly Stream[]
  /** The id of the last event that is in it. */
  readonly cursor: string
}

export type LiveListInput =
  | { readonly type: 'snapshot'; readonly streams: readonly Stream[]; readonly lastEventId: string }
  | { readonly type: 'event'; readonly event: StreamEvent }
  | ViewersEvent

/** Undefined: nothing is known yet. Events that the snapshot has already seen change nothing. */
export function reduceLiveList(list: LiveList | undefined, input: LiveListInput): LiveList | undefined {
  switch (input.type) {
    case 'snapshot':
      return { streams: newestFirst(input.streams.filter(isOnAir)), cursor: input.lastEventId }
    case 'event': {
      const { id, stream } = input.event
      if (list === undefined || !isAfter(id, list.cursor)) return list
      const known = list.streams.find((other) => other.id === stream.id)
      // Events are as old as the log; who watches is known better already.
      const changed = known === undefined ? stream : { ...stream, viewers: known.viewers }
      const others = list.streams.filter((other) => other.id !== stream.id)
      return { streams: isOnAir(stream) ? newestFirst([...others, changed]) : others, cursor: id }
    }
    case 'stream.viewers': {
      const { streamId, viewers } = input
      const counted = (stream: Stream) => (stream.id === streamId ? { ...stream, viewers } : stream)
      return list && { ...list, streams: list.streams.map(counted) }
    }
    default:
      return input satisfies never
  }
}

function isOnAir(stream: Stream): boolean {
  return stream.status === 'live' || stream.status === 'reconnecting'
}

function newestFirst(streams: readonly Stream[]): readonly Stream[] {
  return streams.toSorted((a, b) => airTime(b) - airTime(a) || a.id.localeCompare(b.id))
}

function airTime(stream: Stream): number {
  return Date.parse(stream.liveAt ?? stream.createdAt)
}
