// Events: committed changes that are sent to readers, and the types of frames that readers can ask for.

export const EVENT_TYPES = [
  'stream.created',
  'stream.connecting',
  'stream.live',
  'stream.reconnecting',
  'stream.ended',
  'stream.deleted',
  'recording.ready',
  'recording.failed',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** Types that a reader can ask for: events of the log, and messages that are sent but never stored. */
export const FRAME_TYPES = [...EVENT_TYPES, 'stream.viewers'] as const

export type FrameType = (typeof FRAME_TYPES)[number]

/** An event that is about to be committed. */
export interface EventDraft {
  readonly type: EventType
  readonly streamId: string
  /** Whether the stream has been live: such events go to everybody, others only to readers of this stream. */
  readonly wasLive: boolean
  readonly createdAt: Date
  /** The frame's data besides id, type and createdAt; must survive JSON. */
  readonly body: Readonly<Record<string, unknown>>
}

/** An event in the log. */
export interface LoggedEvent {
  /** Its place in the log: 1, 2, 3 … in commit order. */
  readonly id: number
  /** Any string: during a rolling update, a node may read an event type that only newer nodes know. */
  readonly type: string
  readonly streamId: string
  readonly wasLive: boolean
  readonly createdAt: Date
  /** The JSON of the frame's data line; empty: the event was withdrawn, because its stream was deleted. */
  readonly data: string
}
