// The parameters and answers of the REST API for recordings.
import { z } from 'zod'
import { listOf, PagingQuery, pageOf } from './paging.ts'

const time = z.iso.datetime().describe('ISO 8601, UTC, with milliseconds')

export const RecordingStatusSchema = z
  .enum(['recording', 'processing', 'ready', 'failed'])
  .describe(
    'recording: the broadcast is being recorded; processing: the broadcast has ended and the recording is being ' +
      'finalized; ready: it can be watched; failed: it could not be stored completely, the figures show what was stored',
  )

export const RecordingSchema = z
  .object({
    streamId: z.string(),
    title: z.string().nullable(),
    status: RecordingStatusSchema,
    startedAt: time.describe('When the broadcast first went live'),
    endedAt: time.nullable().describe('When the broadcast ended'),
    durationS: z.number().min(0).nullable().describe('Stored seconds; null while unknown'),
    sizeBytes: z.int().min(0).nullable().describe('Size of all its files'),
    missingSegments: z.int().min(0).describe('Segments (about 3 s each) that could not be stored'),
    playback: z.object({ hls: z.url().nullable() }).describe('Null until it can be played'),
    download: z.object({ mp4: z.url().nullable() }),
    poster: z.url().nullable(),
    error: z
      .object({
        code: z.enum(['nothing_recorded', 'storage_unavailable', 'disk_full']),
        detail: z.string(),
      })
      .nullable()
      .describe('Why it failed'),
  })
  .meta({ id: 'Recording' })

export const RecordingListSchema = pageOf(RecordingSchema).meta({ id: 'RecordingList' })

export const ListRecordingsQuery = PagingQuery.extend({ status: listOf(RecordingStatusSchema, 'ready') })

export const ThumbnailQuery = z.strictObject({
  from: z
    .literal('peer')
    .optional()
    .describe('Set when another node has redirected the request: this node does not redirect it again'),
})

export const RecordingFileParams = z.object({
  id: z.string().max(100),
  file: z.string().regex(/^[a-z0-9-]+\.(m3u8|ts|mp4|jpg)$/),
})

export type RecordingResource = z.output<typeof RecordingSchema>
