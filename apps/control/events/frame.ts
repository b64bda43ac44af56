// Encodes Server-Sent Events (WHATWG HTML §9.2). Pure functions.
import type { LoggedEvent } from '../domain/event.ts'

export interface Frame {
  /** Becomes the reader's cursor; a frame without an id leaves the cursor unchanged. */
  readonly id?: number
  readonly event: string
  /** One line of JSON. */
  readonly data: string
}

export function encodeFrame({ id, event, data }: Frame): Buffer {
  const idLine = id === undefined ? '' : `id: ${id}\n`
  return Buffer.from(`${idLine}event: ${event}\ndata: ${data}\n\n`)
}

/** An event with its frame, which is encoded once for all readers. */
export type FramedEvent = Omit<LoggedEvent, 'data' | 'createdAt'> & { readonly bytes: Buffer }

export function toFramed({ id, type, streamId, wasLive, data }: LoggedEvent): FramedEvent {
  return { id, type, streamId, wasLive, bytes: encodeFrame({ id, event: type, data }) }
}

/** Tells a reader that it may have missed events: it has to read its snapshot again. @param head its new cursor */
export function encodeReset(head: number): Buffer {
  return encodeFrame({ id: head, event: 'reset', data: JSON.stringify({ id: String(head), type: 'reset' }) })
}

/** Tells the browser how long to wait before it reconnects. */
export function encodeRetry(ms: number): Buffer {
  return Buffer.from(`retry: ${ms}\n\n`)
}

/** A comment; it keeps proxies from closing an idle connection. */
export const HEARTBEAT: Buffer = Buffer.from(':\n\n')
