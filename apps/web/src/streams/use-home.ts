// The live list of a page: reads the snapshot, follows the events, and starts over after a reset.
import { useEffect, useReducer, useState } from 'preact/hooks'
import { type Feed, openFeed } from '../api/feed.ts'
import { listLiveStreams } from '../api/streams.ts'
import { type LiveList, type LiveListInput, reduceLiveList } from './live-list.ts'

const RETRY_MS = 3_000
/** Resets reach every page at once; their snapshots are asked for within this time. */
const RESET_SPREAD_MS = 1_000

export interface LiveListView {
  readonly list: LiveList | undefined
  readonly connected: boolean
}

export function useLiveList(): LiveListView {
  const [list, dispatch] = useReducer<LiveList | undefined, LiveListInput>(reduceLiveList, undefined)
  const [connected, setConnected] = useState(true)
  useEffect(() => followLiveList(dispatch, setConnected), [])
  return { list, connected }
}

/** Returns its own undo. */
function followLiveList(
  dispatch: (input: LiveListInput) => void,
  setConnected: (connected: boolean) => void,
): () => void {
  const stop = new AbortController()
  let feed: Feed | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const loadAfter = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => void load(), ms)
  }
  const load = async () => {
    feed?.close()
    try {
      const snapshot = await listLiveStreams(stop.signal)
      dispatch({ type: 'snapshot', ...snapshot })
      feed = openFeed({
        query: { types: 'stream.live,stream.reconnecting,stream.ended,stream.viewers' },
        lastEventId: snapshot.lastEventId,
        onOpen: () => setConnected(true),
        onEvent: (event) => dispatch({ type: 'event', event }),
        onViewers: dispatch,
        onReset: () => loadAfter(Math.random() * RESET_SPREAD_MS),
        onLost: () => setConnected(false),
      })
    } catch {
      if (stop.signal.aborted) return
      setConnected(false)
      loadAfter(RETRY_MS)
    }
  }

  void load()
  return () => {
    stop.abort()
    clearTimeout(timer)
    feed?.close()
  }
}
