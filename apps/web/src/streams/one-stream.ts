// One stream as its page knows it: what was read, and every event after it. Pure.
import type { Stream, StreamEvent, ViewersEvent } from '../api/shapes.ts'
import { isAfter } from './event-order.ts'

export interface OneStream {
  /** Undefined: not known yet. */
  readonly stream: Stream | undefined
  /** The service says that there is no such stream. */
  readonly missing: boolean
  /** For good: what comes later and still has it is older. */
  readonly recordingDeleted: boolean
  /** The id of the last event that is in it. */
  readonly cursor: string
}

export type OneStreamInput =
  | { readonly type: 'event'; readonly event: StreamEvent }
  | ViewersEvent
  /** `askedAt`: the cursor when the question was sent. */
  | { readonly type: 'read'; readonly stream: Stream; readonly askedAt: string }
  | { readonly type: 'missing' }
  /** By this page's own call, or found out: there is no event for it. */
  | { readonly type: 'recording-deleted' }
  /** The log began anew, or no longer has what comes after the cursor. */
  | { readonly type: 'reset' }

export const UNKNOWN_STREAM: OneStream = {
  stream: undefined,
  missing: false,
  recordingDeleted: false,
  cursor: '0',
}

/**
 * The answer to a read carries no cursor. It counts unless an event came while it was under way:
 * the subscription stood before the question, so events tell everything that the answer may not.
 */
export function reduceOneStream(state: OneStream, input: OneStreamInput): OneStream {
  const next = reduce(state, input)
  return next.recordingDeleted && next.stream?.recording
    ? { ...next, stream: { ...next.stream, recording: null } }
    : next
}

function reduce(state: OneStream, input: OneStreamInput): OneStream {
  switch (input.type) {
    case 'event': {
      const { id, stream } = input.event
      if (!isAfter(id, state.cursor)) return state
      return { ...state, stream: withKnown(stream, state.stream), missing: false, cursor: id }
    }
    case 'read':
      if (input.askedAt === state.cursor) return { ...state, stream: input.stream, missing: false }
      // Only a read says how many watch, and only the owner's anything about the key.
      return { ...state, stream: withKnown(state.stream ?? input.stream, input.stream) }
    case 'stream.viewers':
      if (state.stream?.id !== input.streamId) return state
      return { ...state, stream: { ...state.stream, viewers: input.viewers } }
    case 'missing':
      return { ...state, missing: true }
    case 'recording-deleted':
      return { ...state, recordingDeleted: true }
    case 'reset':
      return { ...state, cursor: UNKNOWN_STREAM.cursor }
    default:
      return input satisfies never
  }
}

/** What an event, which is as old as the log, does not say or knows less well. */
function withKnown(stream: Stream, from: Stream | undefined): Stream {
  if (from === undefined) return stream
  const viewers = stream.status === 'ended' ? 0 : from.viewers
  return { ...stream, viewers, ...(from.streamKey === undefined ? {} : { streamKey: from.streamKey }) }
}
