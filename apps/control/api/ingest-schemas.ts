// What GET /v1/streams/:id/ingest answers with.
import { z } from 'zod'

const time = z.iso.datetime()
const count = z.number().min(0)

export const IngestSchema = z
  .object({
    connectedAt: time.describe('When this publisher was let in'),
    measuredAt: time.describe('When nginx was asked; answers within a second share one question'),
    bytesReceived: count
      .nullable()
      .describe('Since the publisher connected; two of them make a bitrate of any time you like'),
    bitrate: z
      .object({ total: count, video: count, audio: count })
      .nullable()
      .describe('Bits per second, the mean of about ten seconds; null until nginx has measured it'),
    video: z
      .object({
        codec: z.string().nullable().describe('Only H264 can be played; null: one that nginx does not know'),
        profile: z.string().nullable(),
        level: z.string().nullable(),
        width: count.nullable(),
        height: count.nullable(),
        frameRate: count.nullable().describe('As the encoder announced it'),
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
/** As nginx tells it, before it is known whose publisher it is. */
export type IngestFigures = Omit<IngestResource, 'connectedAt' | 'measuredAt'>
