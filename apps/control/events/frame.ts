// Encodes Server-Sent Events (WHATWG HTML §9.2). Pure functions.

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

/** Tells the browser how long to wait before it reconnects. */
export function encodeRetry(ms: number): Buffer {
  return Buffer.from(`retry: ${ms}\n\n`)
}

/** A comment; it keeps proxies from closing an idle connection. */
export const HEARTBEAT: Buffer = Buffer.from(':\n\n')
