// The shapes of the service's answers, to parse them where they arrive. They use zod/mini because the
// service's own schemas would add 25 kB of zod to the page; the type checker verifies that both agree.
import * as z from 'zod/mini'
import type { AttemptResource } from '../../../control/api/attempt-schemas.ts'
import type { ViewersEventResource } from '../../../control/api/event-schemas.ts'
import type { IngestResource, OnAirResource } from '../../../control/api/ingest-schemas.ts'
import type { RecordingResource } from '../../../control/api/recording-schemas.ts'
import type { IssuedStreamResource, StreamResource } from '../../../control/api/stream-schemas.ts'

// Otherwise zod compiles its parsers with `new Function`, which the Content-Security-Policy forbids.
z.config({ jitless: true })

export type Recording = Omit<RecordingResource, 'error'> & {
  /** `code` may be one that this page does not know; `detail` then explains it. */
  readonly error: { readonly code: string; readonly detail: string } | null
}
export type Stream = Omit<StreamResource, 'recording'> & { readonly recording: Recording | null }
export type ViewersEvent = Omit<ViewersEventResource, 'createdAt'>
export type Ingest = IngestResource
export type OnAir = Omit<OnAirResource, 'stream'> & { readonly stream: Stream }
export type IssuedKey = IssuedStreamResource['streamKey']
export type IssuedStream = Stream & Pick<IssuedStreamResource, 'streamKey'>

const time = z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)), 'must be a time'))
const url = z.string().check(z.refine((text) => URL.canParse(text), 'must be a URL'))
const text = z.nullable(z.string())
const number = z.nullable(z.number())

export const RecordingShape: z.ZodMiniType<Recording> = z.object({
  streamId: z.string(),
  title: text,
  status: z.enum(['recording', 'processing', 'ready', 'failed']),
  startedAt: time,
  endedAt: z.nullable(time),
  durationS: number,
  sizeBytes: number,
  missingSegments: z.number(),
  playback: z.object({ hls: z.nullable(url) }),
  download: z.object({ mp4: z.nullable(url) }),
  poster: z.nullable(url),
  error: z.nullable(z.object({ code: z.string(), detail: z.string() })),
})

const stream = {
  id: z.string().check(z.regex(/^[a-z0-9]+$/)),
  title: text,
  status: z.enum(['waiting', 'connecting', 'live', 'reconnecting', 'ended']),
  createdAt: time,
  connectedAt: z.nullable(time),
  liveAt: z.nullable(time),
  endedAt: z.nullable(time),
  // An end reason that this page does not know must not make the whole stream unreadable.
  endReason: z.catch(
    z.nullable(
      z.enum([
        ...(['key_expired', 'publisher_gone', 'ended_by_owner', 'ended_by_operator'] as const),
        ...(['limit_bitrate', 'limit_duration', 'disk_full'] as const),
      ]),
    ),
    null,
  ),
  record: z.boolean(),
  viewers: z.number(),
  playback: z.object({ hls: url, dash: url }),
  recording: z.nullable(RecordingShape),
}
const key = { expiresAt: time, ingestUrl: url }

export const StreamShape: z.ZodMiniType<Stream> = z.object({
  ...stream,
  streamKey: z.optional(z.object(key)),
})

export const IssuedKeyShape: z.ZodMiniType<IssuedKey> = z.object({ ...key, value: z.string() })

/** A key that took another one's place; without an expiry, the broadcast had begun. */
export type ReplacedKey = Omit<IssuedKey, 'expiresAt'> & { readonly expiresAt: string | null }
export const ReplacedKeyShape: z.ZodMiniType<ReplacedKey> = z.object({
  ...key,
  expiresAt: z.nullable(time),
  value: z.string(),
})

export const IssuedStreamShape: z.ZodMiniType<IssuedStream> = z.object({
  ...stream,
  streamKey: IssuedKeyShape,
})

export const StreamListShape = z.object({
  data: z.array(StreamShape),
  nextCursor: text,
  lastEventId: z.string(),
})

export const RecordingListShape = z.object({
  data: z.array(RecordingShape),
  nextCursor: text,
  lastEventId: z.string(),
})

export const StreamEventShape = z.object({
  id: z.string(),
  type: z.string(),
  createdAt: time,
  stream: StreamShape,
  resumed: z.optional(z.boolean()),
})
export type StreamEvent = z.output<typeof StreamEventShape>

/** A stream was deleted: the page has to forget it. */
export const StreamDeletedShape = z.object({ id: z.string(), stream: z.object({ id: z.string() }) })
export type StreamDeleted = z.output<typeof StreamDeletedShape>

/** The number of viewers. It is not stored in the event log, so it has no id. */
export const ViewersEventShape: z.ZodMiniType<ViewersEvent> = z.object({
  type: z.literal('stream.viewers'),
  streamId: z.string(),
  viewers: z.number(),
})

/** Measurements of what the streamer's encoder sends. */
export const IngestShape: z.ZodMiniType<Ingest> = z.object({
  connectedAt: time,
  measuredAt: time,
  bytesReceived: number,
  bitrate: z.nullable(z.object({ total: z.number(), video: z.number(), audio: z.number() })),
  video: z.nullable(
    z.object({ codec: text, profile: text, level: text, width: number, height: number, frameRate: number }),
  ),
  audio: z.nullable(z.object({ codec: text, profile: text, channels: number, sampleRate: number })),
  /** Absent: the server has no limits. */
  limits: z.optional(z.object({ bitrate: number, endsAt: z.nullable(time) })),
})

export type Attempt = Omit<AttemptResource, 'result'> & {
  /** Perhaps one that this page does not know. */
  readonly result: string
}

/** Tries to publish, newest first. */
export const AttemptListShape = z.object({
  data: z.array(
    z.object({
      at: time,
      firstAt: time,
      tries: z.number(),
      streamId: text,
      address: text,
      encoder: text,
      result: z.string(),
      detail: text,
    }),
  ),
})

/** A stream that is on air, for operators. */
export const OnAirShape: z.ZodMiniType<OnAir> = z.object({
  stream: StreamShape,
  node: text,
  publisher: z.nullable(
    z.object({ connectedAt: time, address: text, encoder: text, ingest: z.nullable(IngestShape) }),
  ),
})
export const OnAirListShape = z.object({ data: z.array(OnAirShape) })

/** A problem document (RFC 9457), as far as the page shows it. */
export const ProblemShape = z.object({
  code: z.optional(z.string()),
  title: z.optional(z.string()),
  detail: z.optional(z.string()),
})
export type Problem = z.output<typeof ProblemShape>
