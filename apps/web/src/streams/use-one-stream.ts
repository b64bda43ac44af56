// One stream of a page: subscribes, reads it once the subscription stands, and follows its events.
import { useEffect, useReducer, useState } from 'preact/hooks'
import { type Feed, openFeed } from '../api/feed.ts'
import { ApiError } from '../api/request.ts'
import type { Stream } from '../api/shapes.ts'
import { readStream } from '../api/streams.ts'
import { type OneStream, type OneStreamInput, reduceOneStream, UNKNOWN_STREAM } from './one-stream.ts'

const RETRY_MS = 3_000

export interface OneStreamView extends OneStream {
  readonly connected: boolean
  /** The recording is gone, and this page knows it first. */
  readonly onRecordingDeleted: () => void
}

export interface OneStreamOptions {
  /** The owner's, so that the answer also says until when the key can be used. */
  readonly key?: string
  /** This page is a viewer's and counts as one. */
  readonly viewer?: boolean
}

export function useOneStream(id: string, { key, viewer = false }: OneStreamOptions = {}): OneStreamView {
  const [state, dispatch] = useReducer<OneStream, OneStreamInput>(reduceOneStream, UNKNOWN_STREAM)
  const [connected, setConnected] = useState(true)
  useEffect(() => followOneStream(id, { key, viewer }, dispatch, setConnected), [id, key, viewer])
  const onRecordingDeleted = () => dispatch({ type: 'recording-deleted' })
  return { ...state, connected, onRecordingDeleted }
}

/** Returns its own undo. */
function followOneStream(
  id: string,
  { key, viewer }: { key: string | undefined; viewer: boolean },
  dispatch: (input: OneStreamInput) => void,
  setConnected: (connected: boolean) => void,
): () => void {
  const stop = new AbortController()
  let cursor = UNKNOWN_STREAM.cursor
  let feed: Feed | undefined
  let retry: ReturnType<typeof setTimeout> | undefined

  const read = async () => {
    clearTimeout(retry)
    const askedAt = cursor
    try {
      dispatch({ type: 'read', stream: await readAsOwner(id, key, stop.signal), askedAt })
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
    onViewers: dispatch,
    onReset: () => {
      cursor = UNKNOWN_STREAM.cursor
      dispatch({ type: 'reset' })
      void read()
    },
    onLost: () => {
      setConnected(false)
      // Where no subscription stands, the page can still say what there is, or that there is nothing.
      void read()
    },
  })
  return () => {
    stop.abort()
    clearTimeout(retry)
    feed?.close()
  }
}

/** A key that proves nothing any more (replaced in another tab) must not hide what is public. */
async function readAsOwner(id: string, key: string | undefined, signal: AbortSignal): Promise<Stream> {
  try {
    return await readStream(id, key, signal)
  } catch (error) {
    const refused = error instanceof ApiError && (error.status === 401 || error.status === 403)
    if (refused && key !== undefined) return readStream(id, undefined, signal)
    throw error
  }
}
