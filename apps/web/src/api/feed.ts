// The page's one EventSource on /v1/events, kept open for as long as the page is.
import { EVENT_TYPES } from '../../../control/domain/event.ts'
import { type StreamEvent, StreamEventShape, type ViewersEvent, ViewersEventShape } from './shapes.ts'

const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 15_000
const TICK_MS = 5_000
/** A clock that jumped this far means the machine slept. Browsers slow hidden tabs to a tick a minute. */
const SLEPT_MS = 90_000

export interface FeedOptions {
  /** `stream` or `types`, as GET /v1/events takes them. */
  readonly query: Readonly<Record<string, string>>
  /** The cursor to start from; none means from now on. */
  readonly lastEventId?: string
  /** The subscription stands: what is read from now on can't be missed. Again after each break. */
  readonly onOpen: () => void
  readonly onEvent: (event: StreamEvent) => void
  readonly onViewers: (event: ViewersEvent) => void
  /** The cursor was too old: what the page knows has to be read anew. */
  readonly onReset: () => void
  /** The connection broke; the feed tries again by itself. */
  readonly onLost: () => void
}

export interface Feed {
  close(): void
}

export function openFeed(options: FeedOptions): Feed {
  let cursor = options.lastEventId
  let source: EventSource
  let retry: ReturnType<typeof setTimeout> | undefined
  let failures = 0

  const connect = () => {
    clearTimeout(retry)
    source = new EventSource(feedPath(options.query, cursor))
    source.onopen = () => {
      failures = 0
      options.onOpen()
    }
    source.onerror = () => {
      options.onLost()
      // A browser tries again by itself after a lost connection, but never after an answer such as
      // nginx's 502 while the service restarts.
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(connect, retryMs(failures++))
    }
    for (const type of EVENT_TYPES) source.addEventListener(type, take)
    source.addEventListener('stream.viewers', (message: MessageEvent<string>) => {
      const event = ViewersEventShape.safeParse(parseJson(message.data))
      if (event.success) options.onViewers(event.data)
    })
    source.addEventListener('reset', (message) => {
      cursor = message.lastEventId || cursor
      options.onReset()
    })
  }

  const take = (message: MessageEvent<string>) => {
    cursor = message.lastEventId || cursor
    const event = StreamEventShape.safeParse(parseJson(message.data))
    if (event.success) options.onEvent(event.data)
  }

  const reconnect = () => {
    source.close()
    connect()
  }

  // After a sleep the old connection may be dead without either side knowing.
  let tickedAt = Date.now()
  const watch = setInterval(() => {
    if (Date.now() - tickedAt > SLEPT_MS) reconnect()
    tickedAt = Date.now()
  }, TICK_MS)
  addEventListener('online', reconnect)

  connect()
  return {
    close() {
      clearTimeout(retry)
      clearInterval(watch)
      removeEventListener('online', reconnect)
      source.close()
    },
  }
}

function feedPath(query: FeedOptions['query'], cursor: string | undefined): string {
  const params = new URLSearchParams(query)
  if (cursor !== undefined) params.set('lastEventId', cursor)
  return `/v1/events?${params}`
}

/** Doubles, and is spread: thousands of pages must not come back in the same instant. */
function retryMs(failures: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** failures) * (0.5 + Math.random())
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
