// CORS: which pages of other sites may use the API in their visitors' browsers. A page of OnAir itself never
// depends on it, under whatever name it was opened.
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const COMMON = {
  methods: METHODS,
  exposedHeaders: ['Location', 'Retry-After'],
  maxAge: 24 * 60 * 60,
  strictPreflight: false,
} satisfies FastifyCorsOptions

/**
 * @param origins CORS_ORIGINS: for everything. Null: reading is open to every origin, and changing to `publicUrl`'s.
 */
export async function allowOrigins(
  app: FastifyInstance,
  origins: readonly string[] | null,
  publicUrl: string,
): Promise<void> {
  const toRead = optionsFor(origins ?? ['*'])
  const toChange = optionsFor(origins ?? [new URL(publicUrl).origin])
  await app.register(cors, {
    delegator: (request, done) => done(null, isReading(request) ? toRead : toChange),
  })
}

function optionsFor(origins: readonly string[]): FastifyCorsOptions {
  return { ...COMMON, origin: origins.includes('*') ? '*' : [...origins] }
}

/** A preflight asks for the request that it precedes. */
function isReading({ method, headers }: FastifyRequest): boolean {
  const asked = method === 'OPTIONS' ? headers['access-control-request-method'] : method
  return asked === undefined || asked === 'GET' || asked === 'HEAD'
}
