// What GET /v1/events takes, and what its frames carry.
import { z } from 'zod'
import { EVENT_TYPES, FRAME_TYPES } from '../domain/event.ts'
import { StreamSchema } from './stream-schemas.ts'

/** A place in the event log. */
const cursor = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the id of an event, or 0 for the oldest that is kept')
  .transform(Number)

const eventTypes = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(FRAME_TYPES)))

export const EventsQuery = z
  .strictObject({
    stream: z.string().max(100).optional().describe('Everything of this one stream, also before it is live'),
    types: eventTypes
      .optional()
      .describe('Only these types, comma-separated')
      .meta({ type: 'string', examples: ['stream.live,stream.ended'] }),
    lastEventId: cursor
      .optional()
      .describe('Where to begin on a first connection; the Last-Event-ID header takes precedence'),
    viewer: z
      .literal('1')
      .optional()
      .describe('Counts this connection as a viewer of `stream` for as long as it is open'),
  })
  .refine(({ stream, viewer }) => viewer === undefined || stream !== undefined, {
    path: ['viewer'],
    message: 'needs stream as well',
  })

export const EventsHeaders = z.object({
  'last-event-id': z
    .string()
    .regex(/^\d{0,15}$/, 'must be the id of an event')
    .transform((text) => (text === '' ? undefined : Number(text)))
    .optional()
    .describe('The id of the last event that was received; browsers send it by themselves'),
})

/** The data of an event frame. */
export const StreamEventSchema = z
  .object({
    id: z.string(),
    type: z.enum(EVENT_TYPES),
    createdAt: z.iso.datetime(),
    stream: StreamSchema,
    resumed: z.boolean().optional().describe('On stream.live: whether the stream had been live before'),
  })
  .meta({ id: 'StreamEvent' })

/** The data of a stream.viewers frame, which has no id: it is not in the log. */
export const ViewersEventSchema = z
  .object({
    type: z.literal('stream.viewers'),
    createdAt: z.iso.datetime(),
    streamId: z.string(),
    viewers: z.int().min(0).describe('How many watch it now'),
  })
  .meta({ id: 'ViewersEvent' })

export type ViewersEventResource = z.output<typeof ViewersEventSchema>
export type StreamEventResource = z.output<typeof StreamEventSchema>
