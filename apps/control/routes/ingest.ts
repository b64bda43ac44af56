// GET /v1/streams/:id/ingest: codecs, resolution and bitrate of the encoder, for the stream's owner.
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { type IngestFigures, type IngestResource, IngestSchema } from '../api/ingest-schemas.ts'
import { PROBLEMS } from '../api/problem.ts'
import { StreamParams } from '../api/stream-schemas.ts'
import type { PublisherLimits } from '../domain/limits.ts'
import { type Session, type Stream, sameSession } from '../domain/stream.ts'
import { AppError } from '../http/errors.ts'
import { NginxUnavailableError } from '../ingest/nginx-client.ts'
import type { PublisherMonitor, PublisherReading } from '../ingest/publisher-monitor.ts'
import type { StreamStore } from '../streams/store.ts'
import type { Authorization } from './authorization.ts'
import { findStream } from './find-stream.ts'

export interface IngestRoutesOptions {
  readonly store: StreamStore
  readonly authorization: Authorization
  readonly publishers: PublisherMonitor
  readonly nodeId: string
  readonly limits: PublisherLimits
}

/** The publisher is connected, but nginx has no measurements yet. */
const NOTHING_YET: IngestFigures = { bytesReceived: null, bitrate: null, video: null, audio: null }

export const ingestRoutes: FastifyPluginAsyncZod<IngestRoutesOptions> = async (
  app,
  { store, authorization, publishers, nodeId, limits },
) => {
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

function toResource(reading: PublisherReading, id: string, session: Session): IngestResource {
  const { nginx, live, figuresOf, measuredAt } = reading
  const clientId = live.get(id) ?? null
  // nginx may still list the previous connection under this id.
  const same = clientId !== null && sameSession(session, { nodeId: session.nodeId, nginx, clientId })
  return {
    connectedAt: session.acceptedAt.toISOString(),
    measuredAt: measuredAt.toISOString(),
    ...((same ? figuresOf(id) : undefined) ?? NOTHING_YET),
  }
}
