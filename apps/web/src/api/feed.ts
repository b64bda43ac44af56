// Reads /v1/events with one EventSource, and reconnects for as long as the page is open.
import { EVENT_TYPES } from '../../../control/domain/event.ts'
import {
  type StreamDeleted,
  StreamDeletedShape,
  type StreamEvent,
  StreamEventShape,
  type ViewersEvent,
  ViewersEventShape,
} from './shapes.ts'

const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 15_000
const TICK_MS = 5_000
/**
 * When the time between two ticks is longer than this, the machine was asleep. It is well above the one
 * tick per minute that browsers allow in hidden tabs.
 */
const SLEEP_MS = 90_000

export interface FeedOptions {
  /** The query parameters of GET /v1/events, except `lastEventId`. */
  readonly query: Readonly<Record<string, string>>
  /** The cursor to start after; without one, only new events come. */
  readonly lastEventId?: string
  /**
   * The subscription is active: every later change comes as an event. Called again after each reconnect.
   */
  readonly onOpen: () => void
  readonly onEvent: (event: StreamEvent) => void
  readonly onDeleted: (event: StreamDeleted) => void
  readonly onViewers: (event: ViewersEvent) => void
  /** The server no longer has the events after the cursor: the page has to load its data again. */
  readonly onReset: () => void
  /** The connection is lost. The feed reconnects by itself. */
  readonly onDisconnect: () => void
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
      options.onDisconnect()
      // A browser reconnects by itself after a lost connection, but not after an HTTP error such as
      // nginx's 502 while the service restarts.
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(connect, retryMs(failures++))
    }
    for (const type of EVENT_TYPES)
      source.addEventListener(type, type === 'stream.deleted' ? receiveDeletion : receive)
    source.addEventListener('stream.viewers', (message: MessageEvent<string>) => {
      const event = ViewersEventShape.safeParse(parseJson(message.data))
      if (event.success) options.onViewers(event.data)
    })
    source.addEventListener('reset', (message) => {
      cursor = message.lastEventId || cursor
      options.onReset()
    })
  }

  const receive = (message: MessageEvent<string>) => {
    cursor = message.lastEventId || cursor
    const event = StreamEventShape.safeParse(parseJson(message.data))
    if (event.success) options.onEvent(event.data)
  }

  const receiveDeletion = (message: MessageEvent<string>) => {
    cursor = message.lastEventId || cursor
    const event = StreamDeletedShape.safeParse(parseJson(message.data))
    if (event.success) options.onDeleted(event.data)
  }

  const reconnect = () => {
    source.close()
    connect()
  }

  // After the machine has slept, the connection may be dead without an error on either side.
  let tickedAt = Date.now()
  const sleepCheck = setInterval(() => {
    if (Date.now() - tickedAt > SLEEP_MS) reconnect()
    tickedAt = Date.now()
  }, TICK_MS)
  addEventListener('online', reconnect)

  connect()
  return {
    close() {
      clearTimeout(retry)
      clearInterval(sleepCheck)
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

/** Exponential backoff with jitter, so that thousands of pages do not reconnect at the same moment. */
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
