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

/** An event with its frame, which is encoded once for all readers. A withdrawn event has an empty one. */
export type FramedEvent = Omit<LoggedEvent, 'data'> & { readonly bytes: Buffer }

const NO_FRAME = Buffer.alloc(0)

export function toFramed({ data, ...event }: LoggedEvent): FramedEvent {
  const { id, type } = event
  return { ...event, bytes: data === '' ? NO_FRAME : encodeFrame({ id, event: type, data }) }
}

/** The event after its stream was deleted: it keeps its place in the log, and nobody gets it any more. */
export function withdrawn(event: FramedEvent): FramedEvent {
  return { ...event, wasLive: false, bytes: NO_FRAME }
}

/** Whether both are the same event of the log; one of them may have been withdrawn since. */
export function isSameEvent(a: FramedEvent, b: FramedEvent): boolean {
  if (a.bytes.length > 0 && b.bytes.length > 0) return a.bytes.equals(b.bytes)
  const isSameChange = a.id === b.id && a.type === b.type && a.streamId === b.streamId
  return isSameChange && a.createdAt.getTime() === b.createdAt.getTime()
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
