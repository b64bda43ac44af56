// The two HTTP servers as Fastify instances: the public API, and the internal one for nginx's hooks
// and metrics. Neither listens.
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Context } from './context.ts'
import { requireOwnHost } from './http/allowed-hosts.ts'
import { allowOrigins } from './http/cors.ts'
import { answerFrameworkError, answerWithProblems } from './http/errors.ts'
import { collectMethods } from './http/method-not-allowed.ts'
import { describeApi } from './http/openapi.ts'
import { keepTrail } from './http/trail.ts'
import { attemptRoutes } from './routes/attempts.ts'
import { eventRoutes } from './routes/events.ts'
import { healthRoutes } from './routes/health.ts'
import { hookRoutes } from './routes/hooks.ts'
import { ingestRoutes } from './routes/ingest.ts'
import { recordingRoutes } from './routes/recordings.ts'
import { streamRoutes } from './routes/streams.ts'

/** Far above any body this API takes. */
const BODY_LIMIT_BYTES = 16 * 1024
/** How long a closing server waits for requests that are being answered; a hook may take 2 s. */
const CLOSE_GRACE_MS = 2_500

/** The public API: /v1, /docs, /openapi.json, /healthz, /readyz. */
export async function buildApp(context: Context): Promise<FastifyInstance> {
  const { config, logger, database, store, queries, streams, viewers, nginx, authorization } = context
  const { nodeId } = config
  const app = createFastify(context)
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  tolerateEmptyJson(app)
  await allowOrigins(app, config.corsOrigins, config.publicUrl)
  keepTrail(app, { logger, clientAddress: context.clientAddress, metrics: context.metrics })
  await describeApi(app)
  const refuseOtherMethods = collectMethods(app)
  await app.register(streamRoutes, {
    ...{ streams, store, queries, viewers, authorization },
    limits: context.limits,
    rtmpUrl: config.rtmpUrl,
    streamCreation: config.streamCreation,
  })
  await app.register(ingestRoutes, {
    ...{ store, queries, viewers, authorization, nodeId },
    publishers: context.publishers,
    limits: config.publisherLimits,
  })
  await app.register(attemptRoutes, { table: context.attemptTable, store, authorization })
  await app.register(recordingRoutes, {
    ...{ streams, store, queries, authorization, nodeId },
    recorder: context.recorder,
    thumbnails: context.thumbnails,
    s3: context.s3,
  })
  await app.register(eventRoutes, {
    ...{ feed: context.feed, hub: context.hub, log: context.log },
    ...{ queries, viewers, logger },
    clientAddress: context.clientAddress,
  })
  await app.register(healthRoutes, {
    hlsDir: config.hlsDir,
    database: () => database.ping(),
    nginx: () => nginx.ping(),
  })
  refuseOtherMethods()
  // Event streams never end by themselves, and a closing server waits for its connections.
  app.addHook('preClose', async () => context.hub.endAll())
  return app
}

/** The internal server: /hooks/nginx/… and /metrics. */
export async function buildInternalApp(context: Context): Promise<FastifyInstance> {
  const { config, gate, streams, store, metrics, attempts, logger, now } = context
  const app = createFastify(context)
  const refuseOtherMethods = collectMethods(app)
  await app.register(hookRoutes, {
    ...{ gate, streams, store, metrics, attempts, logger, now },
    nodeId: config.nodeId,
  })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()))
  refuseOtherMethods()
  return app
}

function createFastify({ config, logger }: Context) {
  const app = Fastify({
    loggerInstance: logger,
    // Each change is logged where it happens, with the stream's id; a line for each request would say less.
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request would cost a hook a tenth of its time.
    childLoggerFactory: () => logger,
    frameworkErrors: answerFrameworkError,
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
  }).withTypeProvider<ZodTypeProvider>()
  answerWithProblems(app)
  requireOwnHost(app, new Set(config.internalHosts))
  // A client that reads nothing, or has connected and sent nothing, must not delay the stop.
  app.addHook('preClose', async () => {
    setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS).unref()
  })
  return app
}

/** Many clients send `Content-Type: application/json` with a POST that has no body. */
function tolerateEmptyJson(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined)
    else void parseJson(request, String(body), done)
  })
}
