// The parameters and answers of the REST API for streams. The OpenAPI document and the page's types are
// generated from these schemas.
import { z } from 'zod'
import { STREAM_ID } from '../domain/keys.ts'
import { END_REASONS } from '../domain/stream.ts'
import { listOf, PagingQuery, pageOf } from './paging.ts'
import { RecordingSchema } from './recording-schemas.ts'

export const TITLE_LENGTH = 120

const time = z.iso.datetime().describe('ISO 8601, UTC, with milliseconds')

export const StreamStatusSchema = z
  .enum(['waiting', 'connecting', 'live', 'reconnecting', 'ended'])
  .describe(
    'waiting: the key was issued and nobody has published yet; connecting: a publisher was accepted, there is nothing ' +
      'to play yet; live: viewers can play it; reconnecting: the publisher was lost and may reconnect; ended: final',
  )

export const StreamKeySchema = z
  .object({
    expiresAt: time.describe('Until then the key can start the broadcast'),
    ingestUrl: z.url().describe('The server URL for the encoder'),
  })
  .describe('Only for the owner and operators')

export const IssuedStreamKeySchema = StreamKeySchema.extend({
  value: z.string().describe('The stream key: a secret, shown only in this answer'),
}).meta({ id: 'IssuedStreamKey' })

export const ReplacedStreamKeySchema = IssuedStreamKeySchema.extend({
  expiresAt: time
    .nullable()
    .describe(
      'Until then the key can start the broadcast. Null: the broadcast has begun, and the key is valid until its end',
    ),
}).meta({ id: 'ReplacedStreamKey' })

export const ReplaceStreamKeyBody = z.strictObject({
  keepPublishing: z
    .boolean()
    .optional()
    .describe(
      'true: also replace the key of a stream that is connecting, live or reconnecting, without disconnecting its ' +
        'publisher',
    ),
})

export const StreamSchema = z
  .object({
    id: z.string().regex(STREAM_ID),
    title: z.string().nullable(),
    status: StreamStatusSchema,
    createdAt: time,
    connectedAt: time.nullable().describe('When a publisher was first accepted'),
    liveAt: time.nullable().describe('When viewers could first play it'),
    endedAt: time.nullable(),
    endReason: z
      .enum(END_REASONS)
      .nullable()
      .describe(
        'key_expired: nobody published in time; publisher_gone: the publisher did not come back; ended_by_owner, ' +
          'ended_by_operator; limit_bitrate, limit_duration: it was over a limit of this server; disk_full: the ' +
          'server’s disk was nearly full',
      ),
    record: z.boolean().describe('Whether the broadcast is recorded'),
    playback: z.object({ hls: z.url(), dash: z.url() }),
    viewers: z.int().min(0).describe('Number of current viewers; in an event, the number at that time'),
    recording: RecordingSchema.nullable().describe('Null until there is a recording'),
    streamKey: StreamKeySchema.optional(),
  })
  .meta({ id: 'Stream' })

export const IssuedStreamSchema = StreamSchema.extend({ streamKey: IssuedStreamKeySchema }).meta({
  id: 'IssuedStream',
})

export const StreamListSchema = pageOf(StreamSchema).meta({ id: 'StreamList' })

export const StreamParams = z.object({ id: z.string().max(100).describe('The stream’s id') })

/** Its length is counted in Unicode characters, as JSON Schema's maxLength is, not in UTF-16 units. */
const title = z
  .string()
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
  .transform((text) => text.trim())
  .refine((text) => [...text].length <= TITLE_LENGTH, `must have at most ${TITLE_LENGTH} characters`)
  .meta({ maxLength: TITLE_LENGTH, examples: ['Saturday night live coding'] })

export const CreateStreamBody = z.strictObject({
  title: title.optional(),
  record: z.boolean().optional().describe('Whether to record the broadcast; false by default'),
})

export const ListStreamsQuery = PagingQuery.extend({
  status: listOf(StreamStatusSchema, 'live,reconnecting'),
})

export type StreamResource = z.output<typeof StreamSchema>
export type IssuedStreamResource = z.output<typeof IssuedStreamSchema>
