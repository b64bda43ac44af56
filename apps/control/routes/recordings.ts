// REST for recordings and thumbnails: /v1/recordings, /v1/streams/:id/recording, /v1/streams/:id/thumbnail.jpg;
// and /recordings/:id/:file for recordings in S3. (nginx itself serves those in the recordings folder.)
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { encodeCursor } from '../api/paging.ts'
import { PROBLEMS } from '../api/problem.ts'
import { toRecordingResource } from '../api/recording-resource.ts'
import {
  ListRecordingsQuery,
  RecordingFileParams,
  RecordingListSchema,
  type RecordingResource,
  RecordingSchema,
  ThumbnailQuery,
} from '../api/recording-schemas.ts'
import { StreamParams } from '../api/stream-schemas.ts'
import { VOD_PLAYLIST } from '../domain/recording-files.ts'
import type { Stream } from '../domain/stream.ts'
import { AppError } from '../http/errors.ts'
import { MediaUnavailableError } from '../media/media-client.ts'
import type { Recorder } from '../recordings/recorder.ts'
import type { S3Storage } from '../recordings/s3-storage.ts'
import { CONTENT_TYPES } from '../recordings/storage.ts'
import type { Thumbnails } from '../recordings/thumbnails.ts'
import type { StreamService } from '../streams/service.ts'
import type { StreamStore } from '../streams/store.ts'
import type { StreamQueries } from '../streams/stream-queries.ts'
import type { Authorization } from './authorization.ts'
import { findStream } from './find-stream.ts'

export interface RecordingRoutesOptions {
  readonly streams: StreamService
  readonly store: StreamStore
  readonly queries: StreamQueries
  readonly recorder: Recorder
  readonly thumbnails: Thumbnails
  /** Null: recordings are in a folder and nginx serves them. */
  readonly s3: S3Storage | null
  readonly authorization: Authorization
  readonly nodeId: string
}

const tags = ['recordings']
const NO_STORE = { 'cache-control': 'no-store' }
/** A thumbnail shows the newest segment, so it is out of date within seconds. */
const THUMBNAIL_CACHE = { 'cache-control': 'public, max-age=1' }
const JPEG = { description: 'The thumbnail', content: { 'image/jpeg': { schema: z.any() } } }
const ELSEWHERE = z.null().describe('The thumbnail is at the URL in Location')
const LISTED = ['recording', 'processing', 'ready', 'failed'] as const

export const recordingRoutes: FastifyPluginAsyncZod<RecordingRoutesOptions> = async (app, options) => {
  const { streams, store, queries, recorder, thumbnails, s3, authorization, nodeId } = options
  const placeholder = await readFile(join(import.meta.dirname, 'placeholder.jpg'))

  /** The recording, with the figures so far while this node is recording it. */
  const toResource = (stream: Stream): RecordingResource | null => {
    const resource = toRecordingResource(stream)
    const progress = recorder.progress(stream.id)
    if (resource === null || progress === null || resource.durationS !== null) return resource
    const { durationMs, sizeBytes, missingSegments } = progress
    return { ...resource, durationS: durationMs / 1000, sizeBytes, missingSegments }
  }
  const recordingOf = (stream: Stream): RecordingResource => {
    const recording = toResource(stream)
    if (recording === null)
      throw new AppError(
        404,
        'recording_not_found',
        'This stream has no recording, or its recording was deleted.',
      )
    return recording
  }

  app.route({
    method: 'GET',
    url: '/v1/streams/:id/recording',
    schema: {
      tags,
      summary: 'Read a stream’s recording',
      params: StreamParams,
      response: { 200: RecordingSchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      return reply.headers(NO_STORE).send(recordingOf(await findStream(store, request.params.id)))
    },
  })

  app.route({
    method: 'DELETE',
    url: '/v1/streams/:id/recording',
    schema: {
      tags,
      summary: 'Delete a stream’s recording',
      description: 'Deletes it permanently, whatever its status. If the stream is live, recording stops.',
      security: [{ bearer: [] }],
      params: StreamParams,
      response: {
        204: z.null().describe('Deleted; its files are being removed from the storage'),
        ...PROBLEMS,
      },
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      await authorization.requireManager(request, stream)
      recordingOf(stream)
      await streams.submit(stream.id, { kind: 'recording-delete-requested' })
      return reply.code(204).headers(NO_STORE).send(null)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/recordings',
    schema: {
      tags,
      summary: 'List recordings, newest first',
      querystring: ListRecordingsQuery,
      response: { 200: RecordingListSchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const { status, limit, cursor } = request.query
      const page = await queries.listRecorded(status ?? LISTED, limit, cursor ?? null)
      return reply.headers(NO_STORE).send({
        data: page.streams.map(toResource).filter((recording) => recording !== null),
        nextCursor: page.next === null ? null : encodeCursor(page.next),
        lastEventId: String(page.lastEventId),
      })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/streams/:id/thumbnail.jpg',
    schema: {
      tags: ['streams'],
      summary: 'Read a live stream’s thumbnail, at most 10 s old',
      description:
        'A plain grey image until there is a thumbnail. For an ended stream, redirects to its recording’s poster.',
      params: StreamParams,
      querystring: ThumbnailQuery,
      response: { 200: JPEG, 302: ELSEWHERE, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      const { id, status, session, publicUrl } = stream
      reply.headers(THUMBNAIL_CACHE)
      const poster = status === 'ended' ? (toRecordingResource(stream)?.poster ?? null) : null
      if (poster !== null) return reply.redirect(poster)
      // Only the node with the publisher has the segments.
      if (session !== null && session.nodeId !== nodeId && request.query.from === undefined)
        return reply.redirect(`${publicUrl}/v1/streams/${id}/thumbnail.jpg?from=peer`)
      const picture = status === 'ended' ? null : await thumbnails.get(id).catch(toProblem)
      return reply.type('image/jpeg').send(picture ?? placeholder)
    },
  })

  app.route({
    method: 'GET',
    url: '/recordings/:id/:file',
    schema: { hide: true, params: RecordingFileParams },
    handler: async (request, reply) => {
      const { id, file } = request.params
      const stream = await store.find(id)
      const isStored =
        stream !== null && stream.recording?.storage === 's3' && toRecordingResource(stream) !== null
      if (s3 === null || !isStored) throw new AppError(404, 'not_found', 'There is no such path.')
      reply.headers(NO_STORE)
      if (file !== VOD_PLAYLIST)
        return reply.redirect(await s3.urlOf(id, file, request.method === 'HEAD' ? 'HEAD' : 'GET'))
      // The playlist is served from here: its segment URLs are relative to it, and each redirects to its own link.
      const playlist = await s3.read(id, file).catch((error: unknown) => {
        throw new AppError(
          503,
          'storage_unavailable',
          'The storage does not respond. Try again in a few seconds.',
          {
            headers: { 'retry-after': '5' },
            cause: error,
          },
        )
      })
      if (playlist === null) throw new AppError(404, 'not_found', 'There is no such path.')
      return reply.type(CONTENT_TYPES.m3u8 ?? '').send(playlist)
    },
  })
}

function toProblem(error: unknown): never {
  if (!(error instanceof MediaUnavailableError)) throw error
  const detail = 'Pictures cannot be made at the moment. Try again in a few seconds.'
  throw new AppError(503, 'media_unavailable', detail, { headers: { 'retry-after': '2' }, cause: error })
}
