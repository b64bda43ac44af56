// What the first page shows: what is on air and what was recorded, a snapshot plus the events after
// it. Pure.
import type { RecordingPage } from '../api/recordings.ts'
import type { Recording, Stream, StreamEvent, ViewersEvent } from '../api/shapes.ts'
import { isAfter } from './event-order.ts'

export interface Home {
  /** Live or reconnecting, the newest first. */
  readonly streams: readonly Stream[]
  /** Ready to be watched, those of the newest broadcasts first. */
  readonly recordings: readonly Recording[]
  /** Where older recordings go on; null: all are there. */
  readonly olderFrom: string | null
  /** The id of the last event that is in it. */
  readonly cursor: string
}

export type HomeInput =
  | {
      readonly type: 'snapshot'
      readonly streams: readonly Stream[]
      readonly recorded: RecordingPage
      readonly lastEventId: string
    }
  /** The recordings read anew: no event tells that one was deleted. */
  | { readonly type: 'recordings'; readonly recorded: RecordingPage }
  /** The next page of them. */
  | { readonly type: 'older'; readonly recorded: RecordingPage }
  | { readonly type: 'event'; readonly event: StreamEvent }
  | ViewersEvent

/** Undefined: nothing is known yet. Events that the snapshot has already seen change nothing. */
export function reduceHome(home: Home | undefined, input: HomeInput): Home | undefined {
  if (input.type === 'snapshot') {
    const { streams, recorded, lastEventId } = input
    return { streams: newestFirst(streams), ...shownOf(recorded), cursor: lastEventId }
  }
  if (home === undefined) return undefined
  switch (input.type) {
    case 'recordings':
      // Events that came since it was read know better.
      return isAfter(home.cursor, input.recorded.lastEventId) ? home : { ...home, ...shownOf(input.recorded) }
    case 'older': {
      const { recordings, nextCursor } = input.recorded
      const known = new Set(home.recordings.map(({ streamId }) => streamId))
      const older = recordings.filter(({ streamId }) => !known.has(streamId))
      return { ...home, recordings: [...home.recordings, ...older], olderFrom: nextCursor }
    }
    case 'event':
      return isAfter(input.event.id, home.cursor) ? afterEvent(home, input.event) : home
    case 'stream.viewers': {
      const { streamId, viewers } = input
      const counted = (stream: Stream) => (stream.id === streamId ? { ...stream, viewers } : stream)
      return { ...home, streams: home.streams.map(counted) }
    }
    default:
      return input satisfies never
  }
}

function afterEvent(home: Home, { id, stream }: StreamEvent): Home {
  const known = home.streams.find((other) => other.id === stream.id)
  // Events are as old as the log; who watches is known better already.
  const changed = known === undefined ? stream : { ...stream, viewers: known.viewers }
  const streams = home.streams.filter((other) => other.id !== stream.id)
  const recordings = home.recordings.filter((other) => other.streamId !== stream.id)
  const { recording } = stream
  return {
    ...home,
    streams: isOnAir(stream) ? newestFirst([...streams, changed]) : streams,
    recordings: recording?.status === 'ready' ? newestBroadcastFirst([...recordings, recording]) : recordings,
    cursor: id,
  }
}

function shownOf({ recordings, nextCursor }: RecordingPage): Pick<Home, 'recordings' | 'olderFrom'> {
  return { recordings, olderFrom: nextCursor }
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

function newestBroadcastFirst(recordings: readonly Recording[]): readonly Recording[] {
  return recordings.toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
}
