// REST for streams: /v1/streams.
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { decodeCursor, encodeCursor } from '../api/paging.ts'
import { toResource as toPublic } from '../api/stream-resource.ts'
import {
  CreateStreamBody,
  IssuedStreamKeySchema,
  IssuedStreamSchema,
  ListStreamsQuery,
  StreamListSchema,
  StreamParams,
  StreamSchema,
} from '../api/stream-schemas.ts'
import type { Stream } from '../domain/stream.ts'
import { PROBLEMS } from '../http/errors.ts'
import type { Limits } from '../http/limits.ts'
import type { Issued, StreamService } from '../streams/service.ts'
import type { StreamStore } from '../streams/store.ts'
import type { Viewers } from '../viewers/viewers.ts'
import type { Auth } from './authorization.ts'
import { findStream } from './find-stream.ts'

export interface StreamRoutesOptions {
  readonly streams: StreamService
  readonly store: StreamStore
  readonly viewers: Viewers
  readonly auth: Auth
  readonly limits: Limits
  readonly rtmpUrl: string
  readonly streamCreation: 'open' | 'token'
}

const tags = ['streams']
const security = [{ bearer: [] }]
/** Answers differ by who asks and by the moment. */
const NO_STORE = { 'cache-control': 'no-store' }

export const streamRoutes: FastifyPluginAsyncZod<StreamRoutesOptions> = async (app, options) => {
  const { streams, store, viewers, auth, limits, rtmpUrl, streamCreation } = options

  const toResource = (stream: Stream) => toPublic(stream, viewers.count(stream.id))
  const toKey = ({ stream, key }: Issued) => ({
    value: key.reveal(),
    expiresAt: stream.keyExpiresAt.toISOString(),
    ingestUrl: rtmpUrl,
  })

  app.route({
    method: 'POST',
    url: '/v1/streams',
    schema: {
      tags,
      summary: 'Create a stream and get its key',
      description: 'Put the server URL and the key into your encoder and start within ten minutes.',
      security: [{}, ...security],
      body: CreateStreamBody,
      response: { 201: IssuedStreamSchema, ...PROBLEMS },
    },
    onRequest: async (request) => {
      if (streamCreation === 'token') await auth.requireOperator(request)
    },
    // Every field is optional, and so is the body.
    preValidation: async (request) => {
      request.body ??= {}
    },
    // What is refused for its form creates nothing, and counts for nothing.
    preHandler: (request) => limits.creation(request),
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
      const from = cursor === undefined ? null : decodeCursor(cursor)
      const page = await store.list(status ?? null, limit, from)
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
      description: 'Public. Its owner also learns until when the key is good.',
      security: [{}, ...security],
      params: StreamParams,
      response: { 200: StreamSchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      const role = await auth.roleFor(request, stream)
      const streamKey = { expiresAt: stream.keyExpiresAt.toISOString(), ingestUrl: rtmpUrl }
      return reply.headers(NO_STORE).send({ ...toResource(stream), ...(role === null ? {} : { streamKey }) })
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/streams/:id/stream-key',
    schema: {
      tags,
      summary: 'Replace the key of a waiting stream',
      security,
      params: StreamParams,
      response: { 201: IssuedStreamKeySchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      await auth.requireManager(request, stream)
      const issued = await streams.rotateKey(stream.id)
      return reply.code(201).headers(NO_STORE).send(toKey(issued))
    },
  })

  app.route({
    method: 'POST',
    url: '/v1/streams/:id/end',
    schema: {
      tags,
      summary: 'End a stream',
      description:
        'Its publisher is dropped and the key lets nobody in any more. Ending twice is not an error.',
      security,
      params: StreamParams,
      response: { 200: StreamSchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      const by = await auth.requireManager(request, stream)
      const ended = await streams.submit(stream.id, { kind: 'end-requested', by })
      return reply.headers(NO_STORE).send(toResource(ended?.stream ?? stream))
    },
  })
}
