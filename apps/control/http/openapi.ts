// GET /openapi.json and /docs, from the schemas that the routes validate with.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'

const DESCRIPTION = `Live streaming on a stock nginx-rtmp server.

Ask for a stream key (\`POST /v1/streams\`), publish with any RTMP encoder, follow \`GET /v1/events\`, and play
\`playback.hls\`. Managing a stream takes its key, or an API token, as a bearer token. Errors are
\`application/problem+json\` (RFC 9457) with a stable \`code\`.`

/** To be called before the routes are registered. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'OnAir', version: '1', description: DESCRIPTION },
      tags: [
        { name: 'streams', description: 'Broadcasts and their keys' },
        { name: 'events', description: 'What happens, as it happens' },
        { name: 'health', description: 'For whoever runs it' },
      ],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'The stream’s key, or an API token' },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.header('cache-control', 'no-cache').send(app.swagger()),
  )
}
