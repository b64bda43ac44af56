// Events: committed changes that readers are told about, and the types of frames that readers can ask for.

export const EVENT_TYPES = [
  'stream.created',
  'stream.connecting',
  'stream.live',
  'stream.reconnecting',
  'stream.ended',
  'recording.ready',
  'recording.failed',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** What a reader can ask for: the log's events, and messages that are sent but never stored. */
export const FRAME_TYPES = [...EVENT_TYPES, 'stream.viewers'] as const

export type FrameType = (typeof FRAME_TYPES)[number]

/** An event that is about to be committed. */
export interface EventDraft {
  readonly type: EventType
  readonly streamId: string
  /** Whether the stream has been live: such events go to everybody, others only to readers of this stream. */
  readonly wasLive: boolean
  readonly createdAt: Date
  /** What the frame's data carries beside id, type and createdAt; JSON-safe. */
  readonly body: Readonly<Record<string, unknown>>
}

/** An event in the log. */
export interface LoggedEvent {
  /** Its place in the log: 1, 2, 3 … in commit order. */
  readonly id: number
  /** Any string: during an update of several nodes, one may read an event type that only a newer one knows. */
  readonly type: string
  readonly streamId: string
  readonly wasLive: boolean
  readonly createdAt: Date
  /** The JSON of the frame's data line. */
  readonly data: string
}
