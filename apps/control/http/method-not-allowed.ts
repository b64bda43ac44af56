// Answers 405 with `Allow` for a path that exists with other methods; Fastify itself would answer 404.
import type { FastifyInstance } from 'fastify'
import { AppError } from './errors.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/**
 * Collects the routes that are registered from now on.
 * @returns a function to call after the last route: it refuses all other methods on their paths
 */
export function collectMethods(app: FastifyInstance): () => void {
  const methodsByPath = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByPath.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    methodsByPath.set(url, methods)
  })
  return () => {
    for (const [url, methods] of [...methodsByPath]) {
      if (!url.includes('*')) refuseOthers(app, url, methods)
    }
  }
}

function refuseOthers(app: FastifyInstance, url: string, methods: ReadonlySet<string>): void {
  const others = METHODS.filter((method) => !methods.has(method))
  if (others.length === 0) return
  const allow = [...methods].join(', ')
  app.route({
    method: others,
    url,
    schema: { hide: true },
    // Before the body is parsed: the body of a request with a wrong method does not matter.
    onRequest: (request, _reply, done) => {
      done(
        new AppError(
          405,
          'method_not_allowed',
          `This path does not support ${request.method}. Use ${allow}.`,
          {
            headers: { allow },
          },
        ),
      )
    },
    handler: () => undefined,
  })
}
