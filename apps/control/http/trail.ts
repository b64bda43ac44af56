// The trail of the public API: one log line for each change and each refusal, with who asked and from where, and
// counters by what it was. Never with a key or a token.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Logger } from '../common/logger.ts'
import type { ClientAddress } from './client-address.ts'
import type { Metrics } from './metrics.ts'

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])
/** A reader who is refused for these is worth a line; one who mistyped an address is not. */
const REFUSALS = new Set([401, 403, 429])

const callers = new WeakMap<object, string>()
const codes = new WeakMap<object, string>()

/** @param caller `owner`, or which token: `API_TOKENS 2` */
export function noteCaller(request: FastifyRequest, caller: string): void {
  callers.set(request.raw, caller)
}

/** @param code that of the problem with which the request is answered */
export function noteProblem(request: FastifyRequest, code: string): void {
  codes.set(request.raw, code)
}

export interface TrailOptions {
  readonly logger: Logger
  readonly clientAddress: ClientAddress
  readonly metrics: Metrics
}

export function keepTrail(app: FastifyInstance, { logger, clientAddress, metrics }: TrailOptions): void {
  // After the answer, so that nobody waits for it.
  app.addHook('onResponse', async (request, reply) => {
    const { method } = request
    const status = reply.statusCode
    const isRefused = status >= 400
    if (READING.has(method) && !REFUSALS.has(status)) return
    const route = request.routeOptions.url
    // There is nothing at that address: whoever tries thousands of them is to fill no log.
    if (route === undefined) return
    const { id: stream } = (request.params ?? {}) as { id?: string }
    const by = callers.get(request.raw) ?? 'anybody'
    const address = await clientAddress.exact(request)
    const line = { method, route, stream, by, address, status }
    if (isRefused) {
      const code = codes.get(request.raw) ?? 'unknown'
      metrics.refusals.inc({ route, code })
      logger.info({ ...line, code }, 'request refused')
    } else {
      metrics.changes.inc({ method, route })
      logger.info(line, 'change requested')
    }
  })
}
