// GET /openapi.json and /docs, generated from the schemas that the routes validate with.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'

const DESCRIPTION = `Live streaming on a stock nginx-rtmp server.

Create a stream to get a stream key (\`POST /v1/streams\`), publish to it with any RTMP encoder, follow
\`GET /v1/events\`, and play \`playback.hls\`. Requests that manage a stream need its key or an API token as a bearer
token. Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`.

What one client address may use is limited. Over the limit the answer is 429 (\`too_many_requests\`) or 503
(\`too_many_connections\`; at \`GET /v1/events\` \`too_many_readers\`), with \`Retry-After\`. Note that a browser's
EventSource does not try again by itself after such an answer.`

/** Swagger UI's scripts set inline styles. No `upgrade-insecure-requests`: the page is also served over plain HTTP. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

type OpenApi = ReturnType<typeof jsonSchemaTransformObject>
/** The parts of the document that are changed here. */
interface Tidied {
  readonly components: { schemas: Record<string, unknown> }
  readonly paths: Record<string, { post?: { requestBody?: { required?: boolean } } }>
}

/** Corrects what the generator gets wrong: optional bodies marked as required, and copies of schemas that nothing uses. */
function tidy(document: OpenApi): OpenApi {
  const { components, paths } = document as unknown as Tidied
  const body = paths['/v1/streams']?.post?.requestBody
  if (body !== undefined) body.required = false
  const text = JSON.stringify(document)
  for (const name of Object.keys(components.schemas)) {
    if (name.endsWith('Input') && !text.includes(`schemas/${name}"`)) delete components.schemas[name]
  }
  return document
}

/** Call it before the routes are registered. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'OnAir', version: '1', description: DESCRIPTION },
      tags: [
        { name: 'streams', description: 'Broadcasts and their stream keys' },
        { name: 'recordings', description: 'Recordings of broadcasts' },
        { name: 'events', description: 'Changes of streams and recordings, in real time' },
        { name: 'health', description: 'For operators and load balancers' },
      ],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description:
              'The stream’s key or an API token; to create a stream, an API token or a create token',
          },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => tidy(jsonSchemaTransformObject(document)),
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: DOCS_CSP })
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.header('cache-control', 'no-cache').send(app.swagger()),
  )
}
