// GET /v1/streams/:id/ingest: how the encoder's video arrives, for the stream's owner.
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { type IngestFigures, type IngestResource, IngestSchema } from '../api/ingest-schemas.ts'
import { StreamParams } from '../api/stream-schemas.ts'
import { type Session, sameSession } from '../domain/stream.ts'
import { AppError, PROBLEMS } from '../http/errors.ts'
import { NginxUnavailableError } from '../ingest/nginx-client.ts'
import type { IngestReading, IngestWatch } from '../ingest/publisher-monitor.ts'
import type { StreamStore } from '../streams/store.ts'
import type { Auth } from './authorization.ts'
import { findStream } from './find-stream.ts'

export interface IngestRoutesOptions {
  readonly store: StreamStore
  readonly auth: Auth
  readonly ingest: IngestWatch
  readonly nodeId: string
}

/** nginx has let the publisher in, but has nothing to say about it yet. */
const NOTHING_YET: IngestFigures = { bytesReceived: null, bitrate: null, video: null, audio: null }

export const ingestRoutes: FastifyPluginAsyncZod<IngestRoutesOptions> = async (
  app,
  { store, auth, ingest, nodeId },
) => {
  app.route({
    method: 'GET',
    url: '/v1/streams/:id/ingest',
    schema: {
      tags: ['streams'],
      summary: 'How the encoder’s video arrives',
      description:
        'Resolution, codecs, frame rate and bitrate as nginx sees them. 409 `not_publishing` while no encoder ' +
        'is connected.',
      security: [{ bearer: [] }],
      params: StreamParams,
      response: { 200: IngestSchema, ...PROBLEMS },
    },
    handler: async (request, reply) => {
      const stream = await findStream(store, request.params.id)
      await auth.requireManager(request, stream)
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
      const reading = await ask(ingest)
      return reply.header('cache-control', 'no-store').send(toResource(reading, id, session))
    },
  })
}

async function ask(ingest: IngestWatch): Promise<IngestReading> {
  try {
    return await ingest.read()
  } catch (error) {
    if (!(error instanceof NginxUnavailableError)) throw error
    const headers = { 'retry-after': '2' }
    throw new AppError(503, 'nginx_unavailable', 'nginx does not answer. Try again in a moment.', {
      headers,
      cause: error,
    })
  }
}

function toResource(reading: IngestReading, id: string, session: Session): IngestResource {
  const { nginx, publishers, figuresOf, measuredAt } = reading
  const clientId = publishers.get(id) ?? null
  // What nginx has under this id may still be the connection before.
  const same = clientId !== null && sameSession(session, { nodeId: session.nodeId, nginx, clientId })
  return {
    connectedAt: session.acceptedAt.toISOString(),
    measuredAt: measuredAt.toISOString(),
    ...((same ? figuresOf(id) : undefined) ?? NOTHING_YET),
  }
}
