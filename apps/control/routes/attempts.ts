// Tries to publish: GET /v1/streams/:id/attempts for a stream's owner, GET /v1/attempts for operators.
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import {
  AttemptListSchema,
  type AttemptResource,
  encodeAttemptCursor,
  ListAttemptsQuery,
} from '../api/attempt-schemas.ts'
import { PROBLEMS } from '../api/problem.ts'
import { StreamParams } from '../api/stream-schemas.ts'
import type { AttemptPage, AttemptTable, StoredAttempt } from '../attempts/attempt-table.ts'
import type { StreamStore } from '../streams/store.ts'
import type { Authorization } from './authorization.ts'
import { findStream } from './find-stream.ts'

export interface AttemptRoutesOptions {
  readonly table: AttemptTable
  readonly store: StreamStore
  readonly authorization: Authorization
}

const tags = ['streams']
const security = [{ bearer: [] }]
const NO_STORE = { 'cache-control': 'no-store' }

export const attemptRoutes: FastifyPluginAsyncZod<AttemptRoutesOptions> = async (
  app,
  { table, store, authorization },
) => {
  app.route({
    method: 'GET',
    url: '/v1/streams/:id/attempts',
    schema: {
      tags,
      summary: 'List the tries to publish a stream, newest first',
      description:
        'Entries appear within about a second. They are kept for 30 days, at most 200 for a stream.',
      security,
      params: StreamParams,
      querystring: ListAttemptsQuery,
      response: { 200: AttemptListSchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      await authorization.requireManager(request, stream)
      const { limit, cursor } = request.query
      return reply.headers(NO_STORE).send(toList(await table.list(stream.id, limit, cursor ?? null)))
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/attempts',
    schema: {
      tags,
      summary: 'List all tries to publish, newest first',
      description:
        'For operators: those with unknown and malformed keys included. Keys are not stored. Entries are kept for ' +
        '30 days, at most 10,000 without a stream and 100,000 in all.',
      security,
      querystring: ListAttemptsQuery,
      response: { 200: AttemptListSchema, ...PROBLEMS },
    },
    onRequest: (request) => authorization.requireOperator(request),
    handler: async (request, reply) => {
      const { limit, cursor } = request.query
      return reply.headers(NO_STORE).send(toList(await table.list(null, limit, cursor ?? null)))
    },
  })
}

function toList({ attempts, next }: AttemptPage) {
  return { data: attempts.map(toResource), nextCursor: next === null ? null : encodeAttemptCursor(next) }
}

function toResource({ id: _, firstAt, lastAt, ...attempt }: StoredAttempt): AttemptResource {
  return { at: lastAt.toISOString(), firstAt: firstAt.toISOString(), ...attempt }
}
