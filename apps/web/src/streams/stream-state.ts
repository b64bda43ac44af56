// The state of one stream on a page, from reads and events in any order. Pure.
import { isAfter } from '../api/event-id.ts'
import type { Stream, StreamEvent, ViewersEvent } from '../api/shapes.ts'

export interface StreamState {
  /** Undefined: not loaded yet. */
  readonly stream: Stream | undefined
  /** The service says that the stream does not exist. */
  readonly missing: boolean
  /** The stream was deleted while this page showed it. */
  readonly deleted: boolean
  /** Once true, it stays true: a later answer or event that still has the recording is outdated. */
  readonly recordingDeleted: boolean
  /** The id of the last event that this state includes. */
  readonly cursor: string
}

export type StreamStateInput =
  | { readonly type: 'event'; readonly event: StreamEvent }
  | ViewersEvent
  /** `requestedAt`: the cursor when the request was sent. */
  | { readonly type: 'read'; readonly stream: Stream; readonly requestedAt: string }
  | { readonly type: 'missing' }
  | { readonly type: 'deleted' }
  /** Deleted by this page, or found missing: no event reports it. */
  | { readonly type: 'recording-deleted' }
  /** The event log restarted, or no longer has the events after the cursor. */
  | { readonly type: 'reset' }

export const INITIAL_STREAM_STATE: StreamState = {
  stream: undefined,
  missing: false,
  deleted: false,
  recordingDeleted: false,
  cursor: '0',
}

/**
 * The answer to a read has no cursor. It replaces the state unless an event arrived during the request.
 * The subscription was active before the request, so events report every change that the answer may miss.
 */
export function reduceStreamState(state: StreamState, input: StreamStateInput): StreamState {
  const next = reduce(state, input)
  return next.recordingDeleted && next.stream?.recording
    ? { ...next, stream: { ...next.stream, recording: null } }
    : next
}

function reduce(state: StreamState, input: StreamStateInput): StreamState {
  // Whatever arrives now was sent before.
  if (state.deleted) return state
  switch (input.type) {
    case 'event': {
      const { id, stream } = input.event
      if (!isAfter(id, state.cursor)) return state
      return { ...state, stream: withReadFields(stream, state.stream), missing: false, cursor: id }
    }
    case 'read':
      if (input.requestedAt === state.cursor) return { ...state, stream: input.stream, missing: false }
      // An outdated answer still has the viewer count and, for the owner, the key's expiry time.
      return { ...state, stream: withReadFields(state.stream ?? input.stream, input.stream) }
    case 'stream.viewers':
      if (state.stream?.id !== input.streamId) return state
      return { ...state, stream: { ...state.stream, viewers: input.viewers } }
    case 'missing':
      return { ...state, missing: true, deleted: state.deleted || state.stream !== undefined }
    case 'deleted':
      return { ...state, missing: true, deleted: true }
    case 'recording-deleted':
      return { ...state, recordingDeleted: true }
    case 'reset':
      return { ...state, cursor: INITIAL_STREAM_STATE.cursor }
    default:
      return input satisfies never
  }
}

/** Takes the fields that an event lacks (`streamKey`) or that are outdated in it (`viewers`) from a read. */
function withReadFields(stream: Stream, read: Stream | undefined): Stream {
  if (read === undefined) return stream
  const viewers = stream.status === 'ended' ? 0 : read.viewers
  return { ...stream, viewers, ...(read.streamKey === undefined ? {} : { streamKey: read.streamKey }) }
}
