// A stream in every status, for tests of pure functions. Times are relative to T0.
import type { Session, Stream, StreamStatus } from '../../../apps/control/domain/stream.ts'

export const T0 = new Date('2026-01-02T03:04:05.000Z')
export const KEY_TTL_MS = 600_000
/** Where the node of these tests stores recordings. */
export const STORAGE = { kind: 'folder', id: 'folder-a' } as const
export const RULES = { reconnectWindowMs: 60_000, recordingStorage: STORAGE } as const
export const NODE = 'node-a'
export const KEY_HASH = new Uint8Array(32).fill(1)
export const OTHER_HASH = new Uint8Array(32).fill(2)

export function at(ms: number): Date {
  return new Date(T0.getTime() + ms)
}

export function sessionOf(changes: Partial<Session> = {}): Session {
  return { nodeId: NODE, nginx: '1-100', clientId: 7, acceptedAt: at(1_000), baselineAt: null, ...changes }
}

const waiting: Stream = {
  id: 'a'.repeat(20),
  title: 'a title',
  record: false,
  status: 'waiting',
  createdAt: T0,
  connectedAt: null,
  liveAt: null,
  endedAt: null,
  endReason: null,
  keyHash: KEY_HASH,
  keyExpiresAt: at(KEY_TTL_MS),
  replacedKeyHash: null,
  deadlineAt: at(KEY_TTL_MS),
  publicUrl: 'http://issued.example',
  nodeId: null,
  session: null,
  publisherAddress: null,
  playlistOpen: false,
  recording: null,
  deletedAt: null,
}

const connecting: Stream = {
  ...waiting,
  status: 'connecting',
  connectedAt: at(1_000),
  deadlineAt: null,
  publicUrl: 'http://node-a.example',
  nodeId: NODE,
  session: sessionOf(),
  playlistOpen: true,
}

const live: Stream = { ...connecting, status: 'live', liveAt: at(4_000) }

const reconnecting: Stream = { ...live, status: 'reconnecting', session: null, deadlineAt: at(90_000) }

const ended: Stream = {
  ...reconnecting,
  status: 'ended',
  endedAt: at(95_000),
  endReason: 'publisher_gone',
  deadlineAt: null,
}

/** One of each status; `reconnecting` has been live, and its reconnect window ends at 90 s. */
export const STREAMS: Readonly<Record<StreamStatus, Stream>> = {
  waiting,
  connecting,
  live,
  reconnecting,
  ended,
}

/** Its publisher is back, but its playlist has not grown yet; the playlist from before was modified at 20 s. */
export const LET_BACK_IN: Stream = {
  ...reconnecting,
  deadlineAt: null,
  session: sessionOf({ clientId: 8, acceptedAt: at(50_000), baselineAt: at(20_000) }),
}
