// GET /v1/streams/:id/ingest: codecs, resolution and bitrate of the encoder, for the stream's owner.
// GET /v1/ingest: all streams that are on air, with the addresses of their encoders, for operators.
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import {
  type IngestFigures,
  type IngestResource,
  IngestSchema,
  OnAirListSchema,
  type OnAirResource,
} from '../api/ingest-schemas.ts'
import { PROBLEMS } from '../api/problem.ts'
import { toStreamResource } from '../api/stream-resource.ts'
import { StreamParams } from '../api/stream-schemas.ts'
import type { PublisherLimits } from '../domain/limits.ts'
import { type Session, type Stream, sameSession } from '../domain/stream.ts'
import { AppError } from '../http/errors.ts'
import { NginxUnavailableError } from '../ingest/nginx-client.ts'
import type { PublisherMonitor, PublisherReading } from '../ingest/publisher-monitor.ts'
import type { StreamStore } from '../streams/store.ts'
import type { StreamQueries } from '../streams/stream-queries.ts'
import type { Viewers } from '../viewers/viewers.ts'
import type { Authorization } from './authorization.ts'
import { findStream } from './find-stream.ts'

export interface IngestRoutesOptions {
  readonly store: StreamStore
  readonly queries: StreamQueries
  readonly viewers: Viewers
  readonly authorization: Authorization
  readonly publishers: PublisherMonitor
  readonly nodeId: string
  readonly limits: PublisherLimits
}

const ON_AIR_LIMIT = 1_000

/** The publisher is connected, but nginx has no measurements yet. */
const NOTHING_YET: IngestFigures = { bytesReceived: null, bitrate: null, video: null, audio: null }

export const ingestRoutes: FastifyPluginAsyncZod<IngestRoutesOptions> = async (
  app,
  { store, queries, viewers, authorization, publishers, nodeId, limits },
) => {
  /** @param reading null: nginx does not answer, or no publisher of these streams is connected to it */
  const toOnAir = (stream: Stream, reading: PublisherReading | null): OnAirResource => {
    const { id, session } = stream
    const here = session?.nodeId === nodeId ? reading : null
    return {
      stream: toStreamResource(stream, viewers.count(id)),
      node: stream.nodeId,
      publisher: session && {
        connectedAt: session.acceptedAt.toISOString(),
        address: stream.publisherAddress,
        encoder: (here !== null && isSame(here, id, session) ? here.encoderOf(id) : null) ?? null,
        ingest: here && toResource(here, id, session),
      },
    }
  }

  app.route({
    method: 'GET',
    url: '/v1/ingest',
    schema: {
      tags: ['streams'],
      summary: 'List all streams that are on air, with their encoders',
      description:
        'For operators: every stream that is connecting, live or reconnecting, the most recently connected first, at ' +
        `most ${ON_AIR_LIMIT}. The encoder's program and measurements are those of encoders that are connected to the node that answers.`,
      security: [{ bearer: [] }],
      response: { 200: OnAirListSchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      await authorization.requireOperator(request)
      const streams = await queries.onAir(ON_AIR_LIMIT)
      // The list is needed most when something is wrong: without nginx it lacks the measurements only.
      const reading = streams.some(({ session }) => session?.nodeId === nodeId)
        ? await publishers.read().catch(nullIfNginxIsAway)
        : null
      const data = streams.map((stream) => toOnAir(stream, reading))
      return reply.header('cache-control', 'no-store').send({ data })
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/streams/:id/ingest',
    schema: {
      tags: ['streams'],
      summary: 'Read what the encoder sends',
      description:
        'Resolution, codecs, frame rate and bitrate as nginx measures them. While no encoder is connected, the ' +
        'answer is 409 with the code `not_publishing`.',
      security: [{ bearer: [] }],
      params: StreamParams,
      response: { 200: IngestSchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      await authorization.requireManager(request, stream)
      const { id, session } = stream
      if (session === null)
        throw new AppError(409, 'not_publishing', 'No encoder is connected to this stream.')
      if (session.nodeId !== nodeId) {
        throw new AppError(
          409,
          'publisher_elsewhere',
          'The encoder is connected to another node of this service.',
        )
      }
      const reading = await read(publishers)
      return reply
        .header('cache-control', 'no-store')
        .send({ ...toResource(reading, id, session), ...toLimits(stream, limits) })
    },
  })
}

async function read(publishers: PublisherMonitor): Promise<PublisherReading> {
  try {
    return await publishers.read()
  } catch (error) {
    if (!(error instanceof NginxUnavailableError)) throw error
    const headers = { 'retry-after': '2' }
    throw new AppError(503, 'nginx_unavailable', 'nginx does not respond. Try again in a few seconds.', {
      headers,
      cause: error,
    })
  }
}

/** Nothing when there is no limit that a running broadcast can reach by itself. */
function toLimits(
  { connectedAt }: Stream,
  { bitrateKbits, durationMs }: PublisherLimits,
): Pick<IngestResource, 'limits'> {
  if (bitrateKbits === 0 && durationMs === 0) return {}
  const endsAt =
    durationMs === 0 || connectedAt === null ? null : new Date(connectedAt.getTime() + durationMs)
  return {
    limits: {
      bitrate: bitrateKbits === 0 ? null : bitrateKbits * 1_000,
      endsAt: endsAt?.toISOString() ?? null,
    },
  }
}

function nullIfNginxIsAway(error: unknown): null {
  if (error instanceof NginxUnavailableError) return null
  throw error
}

/** nginx may still list the previous connection under this id. */
function isSame({ nginx, live }: PublisherReading, id: string, session: Session): boolean {
  const clientId = live.get(id) ?? null
  return clientId !== null && sameSession(session, { nodeId: session.nodeId, nginx, clientId })
}

function toResource(reading: PublisherReading, id: string, session: Session): IngestResource {
  const { figuresOf, measuredAt } = reading
  return {
    connectedAt: session.acceptedAt.toISOString(),
    measuredAt: measuredAt.toISOString(),
    ...((isSame(reading, id, session) ? figuresOf(id) : undefined) ?? NOTHING_YET),
  }
}
