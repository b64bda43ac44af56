// The answer of GET /v1/streams/:id/ingest.
import { z } from 'zod'
import { StreamSchema } from './stream-schemas.ts'

const time = z.iso.datetime()
const count = z.number().min(0)

export const IngestSchema = z
  .object({
    connectedAt: time.describe('When this publisher was accepted'),
    measuredAt: time.describe('When nginx was queried; requests within one second share one query'),
    bytesReceived: count
      .nullable()
      .describe(
        'Since the publisher connected; the bitrate between two readings is their difference over time',
      ),
    bitrate: z
      .object({ total: count, video: count, audio: count })
      .nullable()
      .describe('Bits per second, averaged over about ten seconds; null until nginx has measured it'),
    video: z
      .object({
        codec: z
          .string()
          .nullable()
          .describe('Only H264 can be played; null: nginx does not recognize the codec'),
        profile: z.string().nullable(),
        level: z.string().nullable(),
        width: count.nullable(),
        height: count.nullable(),
        frameRate: count.nullable().describe('As the encoder announces it'),
      })
      .nullable()
      .describe('Null until video arrives'),
    audio: z
      .object({
        codec: z.string().nullable().describe('Only AAC can be played'),
        profile: z.string().nullable(),
        channels: count.nullable(),
        sampleRate: count.nullable().describe('Hz'),
      })
      .nullable()
      .describe('Null until audio arrives'),
    limits: z
      .object({
        bitrate: count
          .nullable()
          .describe('Bits per second; a publisher that sends more for 10 s ends its stream. Null: no limit'),
        endsAt: time.nullable().describe('When the stream has lasted as long as it may. Null: no limit'),
      })
      .optional()
      .describe('What this server takes, when it has limits (MAX_BITRATE, MAX_DURATION)'),
  })
  .meta({ id: 'Ingest' })

/** A stream that is on air, for operators. */
export const OnAirSchema = z
  .object({
    stream: StreamSchema,
    node: z.string().nullable().describe('NODE_ID of the node that accepted the publisher last'),
    publisher: z
      .object({
        connectedAt: time,
        address: z.string().nullable().describe('Its network address; null: nginx did not say'),
        encoder: z
          .string()
          .nullable()
          .describe('The program that the encoder says it is; at most 31 characters'),
        ingest: IngestSchema.nullable().describe('Null: the encoder is connected to another node'),
      })
      .nullable()
      .describe('Null while no encoder is connected'),
  })
  .meta({ id: 'OnAir' })

export const OnAirListSchema = z.object({ data: z.array(OnAirSchema) }).meta({ id: 'OnAirList' })

export type OnAirResource = z.output<typeof OnAirSchema>
export type IngestResource = z.output<typeof IngestSchema>
/** nginx's measurements, without the session they belong to. */
export type IngestFigures = Omit<IngestResource, 'connectedAt' | 'measuredAt' | 'limits'>
