// An event: something that was committed and everybody may be told.
import type { StreamEventType } from './lifecycle.ts'

export const EVENT_TYPES = [
  'stream.created',
  'stream.connecting',
  'stream.live',
  'stream.reconnecting',
  'stream.ended',
  'recording.ready',
  'recording.failed',
] as const satisfies readonly (StreamEventType | `recording.${string}`)[]

export type EventType = (typeof EVENT_TYPES)[number]

/** What a reader can ask for: the log's events, and what is only true for the moment. */
export const FRAME_TYPES = [...EVENT_TYPES, 'stream.viewers'] as const

export type FrameType = (typeof FRAME_TYPES)[number]

/** An event that is about to be committed. */
export interface EventDraft {
  readonly type: EventType
  readonly streamId: string
  /** Whether the stream has been live: such events go to everybody, others to its own readers. */
  readonly wasLive: boolean
  readonly createdAt: Date
  /** What the frame's data says beside id, type and createdAt; JSON-safe. */
  readonly body: Readonly<Record<string, unknown>>
}

/** An event in the log. */
export interface LoggedEvent {
  /** Its place in the log: 1, 2, 3 … in commit order. */
  readonly id: number
  /** Any string: while nodes are being updated one may read what a newer one has written. */
  readonly type: string
  readonly streamId: string
  readonly wasLive: boolean
  readonly createdAt: Date
  /** The JSON of the frame's data line. */
  readonly data: string
}
