// GET /openapi.json and /docs, from the schemas that the routes validate with.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'

const DESCRIPTION = `Live streaming on a stock nginx-rtmp server.

Ask for a stream key (\`POST /v1/streams\`), publish with any RTMP encoder, follow \`GET /v1/events\`, and play
\`playback.hls\`. Managing a stream takes its key, or an API token, as a bearer token. Errors are
\`application/problem+json\` (RFC 9457) with a stable \`code\`.`

/** Swagger UI sets styles from its scripts. Without `upgrade-insecure-requests`: it is served by http as well. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

type OpenApi = ReturnType<typeof jsonSchemaTransformObject>
/** As much of the document as is changed here. */
interface Tidied {
  readonly components: { schemas: Record<string, unknown> }
  readonly paths: Record<string, { post?: { requestBody?: { required?: boolean } } }>
}

/** What the generator says too much: bodies that may be left out, and copies of schemas that nothing uses. */
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
    transformObject: (document) => tidy(jsonSchemaTransformObject(document)),
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: DOCS_CSP })
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.header('cache-control', 'no-cache').send(app.swagger()),
  )
}
