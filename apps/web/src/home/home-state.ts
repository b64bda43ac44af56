// The state of the home page: live streams and recordings, from a snapshot and the events after it. Pure.
import { isAfter } from '../api/event-id.ts'
import type { RecordingPage } from '../api/recordings.ts'
import type { Recording, Stream, StreamDeleted, StreamEvent, ViewersEvent } from '../api/shapes.ts'

export interface HomeState {
  /** Live or reconnecting streams, newest first. */
  readonly streams: readonly Stream[]
  /** Recordings that are ready to be watched, newest stream first. */
  readonly recordings: readonly Recording[]
  /** The cursor of the next, older page of recordings; null: all are loaded. */
  readonly olderCursor: string | null
  /** The id of the last event that this state includes. */
  readonly cursor: string
}

export type HomeStateInput =
  | {
      readonly type: 'snapshot'
      readonly streams: readonly Stream[]
      readonly page: RecordingPage
      readonly lastEventId: string
    }
  /** The recordings, read again because no event reports that one was deleted. */
  | { readonly type: 'recordings'; readonly page: RecordingPage }
  /** The next, older page of recordings. */
  | { readonly type: 'older'; readonly page: RecordingPage }
  | { readonly type: 'event'; readonly event: StreamEvent }
  | { readonly type: 'deleted'; readonly event: StreamDeleted }
  | ViewersEvent

/** Undefined: not loaded yet. Events that the snapshot already includes change nothing. */
export function reduceHomeState(home: HomeState | undefined, input: HomeStateInput): HomeState | undefined {
  if (input.type === 'snapshot') {
    const { streams, page, lastEventId } = input
    return { streams: newestStreamFirst(streams), ...fromPage(page), cursor: lastEventId }
  }
  if (home === undefined) return undefined
  switch (input.type) {
    case 'recordings':
      // Events that arrived since the list was read are newer than the list.
      return isAfter(home.cursor, input.page.lastEventId) ? home : { ...home, ...fromPage(input.page) }
    case 'older': {
      const { recordings, nextCursor } = input.page
      const known = new Set(home.recordings.map(({ streamId }) => streamId))
      const older = recordings.filter(({ streamId }) => !known.has(streamId))
      return { ...home, recordings: [...home.recordings, ...older], olderCursor: nextCursor }
    }
    case 'event':
      return isAfter(input.event.id, home.cursor) ? afterEvent(home, input.event) : home
    case 'deleted':
      return isAfter(input.event.id, home.cursor) ? afterDeletion(home, input.event) : home
    case 'stream.viewers': {
      const { streamId, viewers } = input
      const withViewers = (stream: Stream) => (stream.id === streamId ? { ...stream, viewers } : stream)
      return { ...home, streams: home.streams.map(withViewers) }
    }
    default:
      return input satisfies never
  }
}

function afterEvent(home: HomeState, { id, stream }: StreamEvent): HomeState {
  const known = home.streams.find((other) => other.id === stream.id)
  // The event's viewer count is as old as the event; the known one is newer.
  const changed = known === undefined ? stream : { ...stream, viewers: known.viewers }
  const streams = home.streams.filter((other) => other.id !== stream.id)
  const recordings = home.recordings.filter((other) => other.streamId !== stream.id)
  const { recording } = stream
  return {
    ...home,
    streams: isOnAir(stream) ? newestStreamFirst([...streams, changed]) : streams,
    recordings: recording?.status === 'ready' ? newestRecordingFirst([...recordings, recording]) : recordings,
    cursor: id,
  }
}

function afterDeletion(home: HomeState, { id, stream }: StreamDeleted): HomeState {
  return {
    ...home,
    streams: home.streams.filter((other) => other.id !== stream.id),
    recordings: home.recordings.filter((other) => other.streamId !== stream.id),
    cursor: id,
  }
}

function fromPage({ recordings, nextCursor }: RecordingPage): Pick<HomeState, 'recordings' | 'olderCursor'> {
  return { recordings, olderCursor: nextCursor }
}

function isOnAir(stream: Stream): boolean {
  return stream.status === 'live' || stream.status === 'reconnecting'
}

function newestStreamFirst(streams: readonly Stream[]): readonly Stream[] {
  return streams.toSorted((a, b) => startTime(b) - startTime(a) || a.id.localeCompare(b.id))
}

function startTime(stream: Stream): number {
  return Date.parse(stream.liveAt ?? stream.createdAt)
}

function newestRecordingFirst(recordings: readonly Recording[]): readonly Recording[] {
  return recordings.toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
}
