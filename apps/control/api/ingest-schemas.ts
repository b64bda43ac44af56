// What GET /v1/streams/:id/ingest answers with.
import { z } from 'zod'

const time = z.iso.datetime()
const count = z.number().min(0)

export const IngestSchema = z
  .object({
    connectedAt: time.describe('When this publisher was admitted'),
    measuredAt: time.describe('When nginx was asked; requests within one second share an answer'),
    bytesReceived: count
      .nullable()
      .describe(
        'Since the publisher connected; the difference of two readings gives the bitrate between them',
      ),
    bitrate: z
      .object({ total: count, video: count, audio: count })
      .nullable()
      .describe('Bits per second, averaged over about ten seconds; null until nginx has measured it'),
    video: z
      .object({
        codec: z.string().nullable().describe('Only H264 can be played; null: nginx does not know the codec'),
        profile: z.string().nullable(),
        level: z.string().nullable(),
        width: count.nullable(),
        height: count.nullable(),
        frameRate: count.nullable().describe('As announced by the encoder'),
      })
      .nullable()
      .describe('Null until there is video'),
    audio: z
      .object({
        codec: z.string().nullable().describe('Only AAC can be heard'),
        profile: z.string().nullable(),
        channels: count.nullable(),
        sampleRate: count.nullable().describe('Hz'),
      })
      .nullable()
      .describe('Null until there is sound'),
  })
  .meta({ id: 'Ingest' })

export type IngestResource = z.output<typeof IngestSchema>
/** What nginx reports, before it is clear which session it belongs to. */
export type IngestFigures = Omit<IngestResource, 'connectedAt' | 'measuredAt'>
