// Loads the state of the home page, follows its events, and loads it again after a reset.
import { useEffect, useReducer, useRef, useState } from 'preact/hooks'
import { isAfter } from '../api/event-id.ts'
import { type Feed, openFeed } from '../api/feed.ts'
import { listRecordings, MAX_PAGE } from '../api/recordings.ts'
import { listLiveStreams } from '../api/streams.ts'
import { type HomeState, type HomeStateInput, reduceHomeState } from './home-state.ts'

const RETRY_MS = 3_000
/** A reset reaches all open pages at once. Each waits a random time up to this before it loads again. */
const RESET_SPREAD_MS = 1_000
/** Recordings per "Show more"; a multiple of two, three and four, so that all rows are full. */
const PAGE_SIZE = 12

export interface HomeView {
  readonly home: HomeState | undefined
  readonly connected: boolean
  /** Loads the next, older page of recordings. @throws ApiError */
  readonly showOlder: () => Promise<void>
}

export function useHome(): HomeView {
  const [home, dispatch] = useReducer<HomeState | undefined, HomeStateInput>(reduceHomeState, undefined)
  const [connected, setConnected] = useState(true)
  const shownCount = useRef(0)
  shownCount.current = home?.recordings.length ?? 0
  useEffect(() => followHome(() => shownCount.current, dispatch, setConnected), [])
  const showOlder = async () => {
    const cursor = home?.olderCursor ?? undefined
    if (cursor === undefined) return
    dispatch({ type: 'older', page: await listRecordings({ limit: PAGE_SIZE, cursor }) })
  }
  return { home, connected, showOlder }
}

/** Returns the function that stops it. */
function followHome(
  shownCount: () => number,
  dispatch: (input: HomeStateInput) => void,
  setConnected: (connected: boolean) => void,
): () => void {
  const stop = new AbortController()
  const { signal } = stop
  let feed: Feed | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Reads as many recordings as are shown, so that none of them disappears. */
  const readRecordings = () =>
    listRecordings({ limit: Math.min(MAX_PAGE, Math.max(PAGE_SIZE, shownCount())), signal })

  const loadAfter = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => void load(), ms)
  }
  const load = async () => {
    feed?.close()
    try {
      const [live, page] = await Promise.all([listLiveStreams(signal), readRecordings()])
      // Start from the older of the two cursors: an event that comes twice changes nothing.
      const lastEventId = isAfter(live.lastEventId, page.lastEventId) ? page.lastEventId : live.lastEventId
      dispatch({ type: 'snapshot', streams: live.streams, page, lastEventId })
      feed = openFeed({
        query: {
          types: 'stream.live,stream.reconnecting,stream.ended,stream.deleted,stream.viewers,recording.ready',
        },
        lastEventId,
        onOpen: () => setConnected(true),
        onEvent: (event) => dispatch({ type: 'event', event }),
        onDeleted: (event) => dispatch({ type: 'deleted', event }),
        onViewers: dispatch,
        onReset: () => loadAfter(Math.random() * RESET_SPREAD_MS),
        onDisconnect: () => setConnected(false),
      })
    } catch {
      if (signal.aborted) return
      setConnected(false)
      loadAfter(RETRY_MS)
    }
  }
  // A recording that was deleted in another tab must not be shown when the user returns to this tab.
  const onVisible = async () => {
    if (document.hidden || feed === undefined) return
    const page = await readRecordings().catch(() => undefined)
    if (page !== undefined) dispatch({ type: 'recordings', page })
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
