// What the REST API says about recordings.
import { z } from 'zod'
import { listOf, PagingQuery, pageOf } from './paging.ts'

const time = z.iso.datetime().describe('ISO 8601, UTC, with milliseconds')

export const RecordingStatusSchema = z
  .enum(['recording', 'processing', 'ready', 'failed'])
  .describe(
    'recording: the broadcast is being kept; processing: it is over and the recording is being finished; ' +
      'ready: it can be watched; failed: it could not be kept in full, what is safe is named',
  )

export const RecordingSchema = z
  .object({
    streamId: z.string(),
    title: z.string().nullable(),
    status: RecordingStatusSchema,
    startedAt: time.describe('When the broadcast was first live'),
    endedAt: time.nullable().describe('When the broadcast ended'),
    durationS: z.number().min(0).nullable().describe('Seconds that are kept; null while that is not known'),
    sizeBytes: z.int().min(0).nullable().describe('What all of it takes in its storage'),
    missingSegments: z.int().min(0).describe('Pieces of about 3 s that could not be kept'),
    playback: z.object({ hls: z.url().nullable() }).describe('Null as long as there is nothing to play'),
    download: z.object({ mp4: z.url().nullable() }),
    poster: z.url().nullable(),
    error: z
      .object({
        code: z.enum(['nothing_recorded', 'storage_unavailable', 'disk_full']),
        detail: z.string(),
      })
      .nullable()
      .describe('Why it has failed'),
  })
  .meta({ id: 'Recording' })

export const RecordingListSchema = pageOf(RecordingSchema).meta({ id: 'RecordingList' })

export const ListRecordingsQuery = PagingQuery.extend({ status: listOf(RecordingStatusSchema, 'ready') })

export const ThumbnailQuery = z.strictObject({
  from: z.literal('peer').optional().describe('Sent on by another node, and not to be sent on again'),
})

export const RecordingFileParams = z.object({
  id: z.string().max(100),
  file: z.string().regex(/^[a-z0-9-]+\.(m3u8|ts|mp4|jpg)$/),
})

export type RecordingResource = z.output<typeof RecordingSchema>
