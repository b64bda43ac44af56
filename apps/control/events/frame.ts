// Server-Sent Events on the wire (WHATWG HTML §9.2): pure text to bytes.

export interface Frame {
  /** The reader's new cursor; without one its cursor stays where it is. */
  readonly id?: number
  readonly event: string
  /** One line of JSON. */
  readonly data: string
}

export function encodeFrame({ id, event, data }: Frame): Buffer {
  const idLine = id === undefined ? '' : `id: ${id}\n`
  return Buffer.from(`${idLine}event: ${event}\ndata: ${data}\n\n`)
}

/** How long a browser waits before it connects again. */
export function encodeRetry(ms: number): Buffer {
  return Buffer.from(`retry: ${ms}\n\n`)
}

/** A comment: keeps proxies from closing a quiet connection. */
export const HEARTBEAT: Buffer = Buffer.from(':\n\n')
