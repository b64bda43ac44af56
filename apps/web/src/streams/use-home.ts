// The first page's lists: reads the snapshot, follows the events, and starts over after a reset.
import { useEffect, useReducer, useRef, useState } from 'preact/hooks'
import { type Feed, openFeed } from '../api/feed.ts'
import { listRecordings, MAX_PAGE } from '../api/recordings.ts'
import { listLiveStreams } from '../api/streams.ts'
import { isAfter } from './event-order.ts'
import { type Home, type HomeInput, reduceHome } from './home.ts'

const RETRY_MS = 3_000
/** Resets reach every page at once; their snapshots are asked for within this time. */
const RESET_SPREAD_MS = 1_000
/** Recordings that are shown at first, and come with each "Show more": full rows of two, three and four. */
const RECORDINGS_A_PAGE = 12

export interface HomeView {
  readonly home: Home | undefined
  readonly connected: boolean
  /** The next page of recordings. @throws ApiError */
  readonly showOlder: () => Promise<void>
}

export function useHome(): HomeView {
  const [home, dispatch] = useReducer<Home | undefined, HomeInput>(reduceHome, undefined)
  const [connected, setConnected] = useState(true)
  const shown = useRef(0)
  shown.current = home?.recordings.length ?? 0
  useEffect(() => followHome(() => shown.current, dispatch, setConnected), [])
  const showOlder = async () => {
    const cursor = home?.olderFrom ?? undefined
    if (cursor === undefined) return
    dispatch({ type: 'older', recorded: await listRecordings({ limit: RECORDINGS_A_PAGE, cursor }) })
  }
  return { home, connected, showOlder }
}

/** Returns its own undo. */
function followHome(
  shown: () => number,
  dispatch: (input: HomeInput) => void,
  setConnected: (connected: boolean) => void,
): () => void {
  const stop = new AbortController()
  const { signal } = stop
  let feed: Feed | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  /** As many as are shown, so that none that was asked for goes away. */
  const readRecordings = () =>
    listRecordings({ limit: Math.min(MAX_PAGE, Math.max(RECORDINGS_A_PAGE, shown())), signal })

  const loadAfter = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => void load(), ms)
  }
  const load = async () => {
    feed?.close()
    try {
      const [live, recorded] = await Promise.all([listLiveStreams(signal), readRecordings()])
      // From the older of the two on: what one has seen already changes nothing.
      const lastEventId = isAfter(live.lastEventId, recorded.lastEventId)
        ? recorded.lastEventId
        : live.lastEventId
      dispatch({ type: 'snapshot', streams: live.streams, recorded, lastEventId })
      feed = openFeed({
        query: { types: 'stream.live,stream.reconnecting,stream.ended,stream.viewers,recording.ready' },
        lastEventId,
        onOpen: () => setConnected(true),
        onEvent: (event) => dispatch({ type: 'event', event }),
        onViewers: dispatch,
        onReset: () => loadAfter(Math.random() * RESET_SPREAD_MS),
        onLost: () => setConnected(false),
      })
    } catch {
      if (signal.aborted) return
      setConnected(false)
      loadAfter(RETRY_MS)
    }
  }
  // Who deletes a recording in another tab and comes back here must not find it.
  const onVisible = async () => {
    if (document.hidden || feed === undefined) return
    const recorded = await readRecordings().catch(() => undefined)
    if (recorded !== undefined) dispatch({ type: 'recordings', recorded })
  }
  const onVisibilityChange = () => void onVisible()
  document.addEventListener('visibilitychange', onVisibilityChange)

  void load()
  return () => {
    stop.abort()
    document.removeEventListener('visibilitychange', onVisibilityChange)
    clearTimeout(timer)
    feed?.close()
  }
}
