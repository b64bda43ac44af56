// Follows one stream: subscribes to its events, then reads it once the subscription is active.
import { useEffect, useReducer, useState } from 'preact/hooks'
import { type Feed, openFeed } from '../api/feed.ts'
import { ApiError } from '../api/request.ts'
import type { Stream } from '../api/shapes.ts'
import { readStream } from '../api/streams.ts'
import {
  INITIAL_STREAM_STATE,
  reduceStreamState,
  type StreamState,
  type StreamStateInput,
} from './stream-state.ts'

const RETRY_MS = 3_000

export interface StreamView extends StreamState {
  readonly connected: boolean
  /** Call it when this page has deleted the recording or found it missing. */
  readonly onRecordingDeleted: () => void
}

export interface StreamOptions {
  /** The stream key of the owner; the answer then also has the key's expiry time. */
  readonly key?: string
  /** Whether this page counts as a viewer. */
  readonly viewer?: boolean
}

export function useStream(id: string, { key, viewer = false }: StreamOptions = {}): StreamView {
  const [state, dispatch] = useReducer<StreamState, StreamStateInput>(reduceStreamState, INITIAL_STREAM_STATE)
  const [connected, setConnected] = useState(true)
  useEffect(() => followStream(id, { key, viewer }, dispatch, setConnected), [id, key, viewer])
  const onRecordingDeleted = () => dispatch({ type: 'recording-deleted' })
  return { ...state, connected, onRecordingDeleted }
}

/** Returns the function that stops it. */
function followStream(
  id: string,
  { key, viewer }: { key: string | undefined; viewer: boolean },
  dispatch: (input: StreamStateInput) => void,
  setConnected: (connected: boolean) => void,
): () => void {
  const stop = new AbortController()
  let cursor = INITIAL_STREAM_STATE.cursor
  let feed: Feed | undefined
  let retry: ReturnType<typeof setTimeout> | undefined

  const read = async () => {
    clearTimeout(retry)
    const requestedAt = cursor
    try {
      dispatch({ type: 'read', stream: await readAsOwner(id, key, stop.signal), requestedAt })
    } catch (error) {
      if (stop.signal.aborted) return
      if (error instanceof ApiError && error.status === 404) {
        dispatch({ type: 'missing' })
        feed?.close()
      } else {
        retry = setTimeout(() => void read(), RETRY_MS)
      }
    }
  }

  feed = openFeed({
    query: { stream: id, ...(viewer ? { viewer: '1' } : {}) },
    onOpen: () => {
      setConnected(true)
      void read()
    },
    onEvent: (event) => {
      cursor = event.id
      dispatch({ type: 'event', event })
    },
    onDeleted: () => {
      dispatch({ type: 'deleted' })
      stop.abort()
      feed?.close()
    },
    onViewers: dispatch,
    onReset: () => {
      cursor = INITIAL_STREAM_STATE.cursor
      dispatch({ type: 'reset' })
      void read()
    },
    onDisconnect: () => {
      setConnected(false)
      // Without a subscription the page can still show the stream, or that it does not exist.
      void read()
    },
  })
  return () => {
    stop.abort()
    clearTimeout(retry)
    feed?.close()
  }
}

/** A key that is no longer valid (replaced in another tab) must not hide the public part of the stream. */
async function readAsOwner(id: string, key: string | undefined, signal: AbortSignal): Promise<Stream> {
  try {
    return await readStream(id, key, signal)
  } catch (error) {
    const refused = error instanceof ApiError && (error.status === 401 || error.status === 403)
    if (refused && key !== undefined) return readStream(id, undefined, signal)
    throw error
  }
}
