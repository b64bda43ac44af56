// REST for streams: /v1/streams.
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { encodeCursor } from '../api/paging.ts'
import { PROBLEMS } from '../api/problem.ts'
import { toStreamResource } from '../api/stream-resource.ts'
import {
  CreateStreamBody,
  IssuedStreamSchema,
  ListStreamsQuery,
  ReplacedStreamKeySchema,
  ReplaceStreamKeyBody,
  StreamListSchema,
  StreamParams,
  StreamSchema,
} from '../api/stream-schemas.ts'
import type { Stream } from '../domain/stream.ts'
import { AppError } from '../http/errors.ts'
import type { Limits } from '../http/limits.ts'
import type { Issued, StreamService } from '../streams/service.ts'
import type { StreamStore } from '../streams/store.ts'
import type { StreamQueries } from '../streams/stream-queries.ts'
import type { Viewers } from '../viewers/viewers.ts'
import type { Authorization } from './authorization.ts'
import { findStream, streamNotFound } from './find-stream.ts'

export interface StreamRoutesOptions {
  readonly streams: StreamService
  readonly store: StreamStore
  readonly queries: StreamQueries
  readonly viewers: Viewers
  readonly authorization: Authorization
  readonly limits: Limits
  readonly rtmpUrl: string
  readonly streamCreation: 'open' | 'token'
}

const tags = ['streams']
const security = [{ bearer: [] }]
/** Answers depend on the caller and change at any time. */
const NO_STORE = { 'cache-control': 'no-store' }

export const streamRoutes: FastifyPluginAsyncZod<StreamRoutesOptions> = async (app, options) => {
  const { streams, store, queries, viewers, authorization, limits, rtmpUrl, streamCreation } = options

  const toResource = (stream: Stream) => toStreamResource(stream, viewers.count(stream.id))
  const toKey = ({ stream, key }: Issued) => ({
    value: key.reveal(),
    expiresAt: stream.keyExpiresAt.toISOString(),
    ingestUrl: rtmpUrl,
  })

  const notWaiting = async (id: string) => {
    const { status } = await findStream(store, id)
    const detail =
      status === 'waiting' || status === 'ended'
        ? 'The key has expired, or the stream has ended. Create a new stream.'
        : 'The stream has begun. To replace its key without disconnecting the publisher, send {"keepPublishing": true}; ' +
          'the encoder then needs the new key before it connects again.'
    return new AppError(409, 'stream_not_waiting', detail)
  }

  app.route({
    method: 'POST',
    url: '/v1/streams',
    schema: {
      tags,
      summary: 'Create a stream and get its stream key',
      description:
        'Enter `streamKey.ingestUrl` and `streamKey.value` in your encoder and start publishing before `streamKey.expiresAt`. ' +
        'The key is shown only in this answer. Some servers require a token (`API_TOKENS`, `CREATE_TOKENS`); with ' +
        'one, creating is not limited in number.',
      security: [{}, ...security],
      body: CreateStreamBody,
      response: { 201: IssuedStreamSchema, ...PROBLEMS },
    },
    onRequest: async (request) => {
      if (streamCreation === 'token') await authorization.requireCreator(request)
    },
    // All fields are optional, and so is the body.
    preValidation: async (request) => {
      request.body ??= {}
    },
    // After validation, so that a malformed body does not count towards the limit. Tokens are not limited.
    preHandler: async (request) => {
      if (streamCreation === 'token' || (await authorization.isCreator(request))) return
      await limits.creation(request)
    },
    handler: async (request, reply) => {
      const { title, record } = request.body
      const issued = await streams.create({ title: title || null, record: record ?? false })
      return reply
        .code(201)
        .headers({ ...NO_STORE, location: `/v1/streams/${issued.stream.id}` })
        .send({ ...toResource(issued.stream), streamKey: toKey(issued) })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/streams',
    schema: {
      tags,
      summary: 'List streams that are or have been live, newest first',
      querystring: ListStreamsQuery,
      response: { 200: StreamListSchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const { status, limit, cursor } = request.query
      const page = await queries.list(status ?? null, limit, cursor ?? null)
      return reply.headers(NO_STORE).send({
        data: page.streams.map(toResource),
        nextCursor: page.next === null ? null : encodeCursor(page.next),
        lastEventId: String(page.lastEventId),
      })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/streams/:id',
    schema: {
      tags,
      summary: 'Read a stream',
      description: 'Anyone can read a stream. Its owner also gets `streamKey` without the key’s value.',
      security: [{}, ...security],
      params: StreamParams,
      response: { 200: StreamSchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      const role = await authorization.roleFor(request, stream)
      const streamKey = { expiresAt: stream.keyExpiresAt.toISOString(), ingestUrl: rtmpUrl }
      return reply.headers(NO_STORE).send({ ...toResource(stream), ...(role === null ? {} : { streamKey }) })
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/streams/:id/stream-key',
    schema: {
      tags,
      summary: 'Replace the stream key',
      description:
        'The old key stops working. A waiting stream’s new key has its time from now on. For a stream that has begun, ' +
        'send `{"keepPublishing": true}`: the publisher stays connected, and its encoder needs the new key the next ' +
        'time that it connects, also within the reconnect window. That key has no time limit (`expiresAt` is null) ' +
        'and lasts until the stream ends.',
      security,
      params: StreamParams,
      body: ReplaceStreamKeyBody,
      response: { 201: ReplacedStreamKeySchema, ...PROBLEMS },
    },
    preValidation: async (request) => {
      request.body ??= {}
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      await authorization.requireManager(request, stream)
      const { keepPublishing = false } = request.body
      const issued = await streams.rotateKey(stream.id, keepPublishing)
      if (issued === null) throw await notWaiting(stream.id)
      const hasBegun = issued.stream.connectedAt !== null
      const key = { ...toKey(issued), ...(hasBegun ? { expiresAt: null } : {}) }
      return reply.code(201).headers(NO_STORE).send(key)
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/streams/:id/end',
    schema: {
      tags,
      summary: 'End a stream',
      description:
        'Disconnects the publisher. From then on nobody can publish with the key. Ending a stream again is not an error.',
      security,
      params: StreamParams,
      response: { 200: StreamSchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      const by = await authorization.requireManager(request, stream)
      const ended = await streams.submit(stream.id, { kind: 'end-requested', by })
      if (ended === null || ended.stream.deletedAt !== null) throw streamNotFound()
      return reply.headers(NO_STORE).send(toResource(ended.stream))
    },
  })

  app.route({
    method: 'DELETE',
    url: '/v1/streams/:id',
    schema: {
      tags,
      summary: 'Delete a stream with everything that was kept of it',
      description:
        'Ends the stream if it has not ended, and permanently removes its playlists, segments, pictures, recording ' +
        'and title. From then on its id is unknown (404), also to its owner; the files are gone within 5 s. Readers ' +
        'of events get `stream.deleted`, and its earlier events are no longer sent to anybody.',
      security,
      params: StreamParams,
      response: { 204: z.null().describe('Deleted; its files are being removed'), ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      const by = await authorization.requireManager(request, stream)
      await streams.submit(stream.id, { kind: 'delete-requested', by })
      return reply.code(204).headers(NO_STORE).send(null)
    },
  })
}
