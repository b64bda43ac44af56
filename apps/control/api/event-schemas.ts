// The parameters of GET /v1/events and the data of its frames.
import { z } from 'zod'
import { EVENT_TYPES, FRAME_TYPES } from '../domain/event.ts'
import { StreamSchema } from './stream-schemas.ts'

/** A position in the event log. */
const cursor = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the id of an event, or 0 for the oldest stored event')
  .transform(Number)

const eventTypes = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(FRAME_TYPES)))

export const EventsQuery = z
  .strictObject({
    stream: z
      .string()
      .max(100)
      .optional()
      .describe('Only the events of this stream, including those from before it was live'),
    types: eventTypes
      .optional()
      .describe('Only events of these types, comma-separated')
      .meta({ type: 'string', examples: ['stream.live,stream.ended'] }),
    lastEventId: cursor
      .optional()
      .describe(
        'Start after this event on a first connection; 0: at the oldest stored event; not given: with the next event. ' +
          'The Last-Event-ID header takes precedence',
      ),
    viewer: z
      .literal('1')
      .optional()
      .describe(
        'Counts this connection as a viewer of `stream` while it is open; one address counts for at most 20 viewers',
      ),
  })
  .refine(({ stream, viewer }) => viewer === undefined || stream !== undefined, {
    path: ['viewer'],
    message: 'requires stream',
  })

export const EventsHeaders = z.object({
  'last-event-id': z
    .string()
    .regex(/^\d{0,15}$/, 'must be the id of an event')
    .transform((text) => (text === '' ? undefined : Number(text)))
    .optional()
    .describe('The id of the last event that was received; browsers send it when they reconnect'),
})

/** The data of a stream.deleted frame. The stream's earlier events are no longer sent to anybody. */
export const StreamDeletedEventSchema = z
  .object({
    id: z.string(),
    type: z.literal('stream.deleted'),
    createdAt: z.iso.datetime(),
    stream: z.object({ id: z.string() }).describe('Remove what you have of this stream'),
  })
  .meta({ id: 'StreamDeletedEvent' })

/** The data of any other frame with an id. */
export const StreamEventSchema = z
  .object({
    id: z.string(),
    type: z.enum(EVENT_TYPES).exclude(['stream.deleted']),
    createdAt: z.iso.datetime(),
    stream: StreamSchema,
    resumed: z.boolean().optional().describe('In stream.live: whether the stream was live before'),
  })
  .meta({ id: 'StreamEvent' })

/** The data of a stream.viewers frame, which is not in the log and has no id. */
export const ViewersEventSchema = z
  .object({
    type: z.literal('stream.viewers'),
    createdAt: z.iso.datetime(),
    streamId: z.string(),
    viewers: z.int().min(0).describe('Number of current viewers'),
  })
  .meta({ id: 'ViewersEvent' })

export type ViewersEventResource = z.output<typeof ViewersEventSchema>
