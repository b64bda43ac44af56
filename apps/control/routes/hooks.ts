// nginx-rtmp's webhooks, on the internal port: on_publish and on_publish_done.
import { isIP } from 'node:net'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AttemptLog } from '../attempts/attempt-log.ts'
import type { Logger } from '../common/logger.ts'
import { inTime } from '../database/deadline.ts'
import { type Attempt, toAttemptResult } from '../domain/attempt.ts'
import { hashStreamKey, parseStreamKey } from '../domain/keys.ts'
import type { SessionRef, Stream } from '../domain/stream.ts'
import { unmapped } from '../http/client-address.ts'
import { AppError } from '../http/errors.ts'
import type { Metrics } from '../http/metrics.ts'
import { INSTANCE_HEADER } from '../ingest/nginx-client.ts'
import type { PublishGate, Verdict } from '../ingest/publish-gate.ts'
import type { StreamService } from '../streams/service.ts'
import type { StreamStore } from '../streams/store.ts'

/** nginx gets an answer within 2 s, even when the database does not respond. */
const ANSWER_MS = 1_950

export interface HookRoutesOptions {
  readonly gate: PublishGate
  readonly streams: StreamService
  readonly store: StreamStore
  readonly metrics: Metrics
  readonly attempts: AttemptLog
  readonly logger: Logger
  readonly nodeId: string
  readonly now: () => Date
}

/** A key whose checksum is wrong was mistyped or made up; it is refused without a query. */
const SPACE = 'There was a space or a line break before or after the key.'
const MALFORMED = { admitted: false, reason: 'malformed_key', id: null } as const

const Hook = z.object({
  app: z.literal('live').optional(),
  name: z.string().min(1).max(1_024),
  clientid: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
  addr: z.string().max(256).optional(),
  flashver: z.string().max(1_024).optional(),
})
const PublishHook = Hook.extend({ call: z.literal('publish').optional() })
const PublishDoneHook = Hook.extend({ call: z.literal('publish_done').optional() })

export const hookRoutes: FastifyPluginAsync<HookRoutesOptions> = async (app, options) => {
  const { gate, metrics, attempts, logger, now } = options
  app.removeAllContentTypeParsers()
  // Any content type is parsed as a form; a body that is no form lacks the fields and is refused.
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    done(null, firstValues(String(body)))
  })

  app.post('/hooks/nginx/on_publish', async (request, reply) => {
    const { name, clientid, addr, flashver } = parse(PublishHook, request)
    const key = parseStreamKey(name)
    const address = addressOf(addr)
    const candidate = key === null ? null : { key, clientId: clientid, nginx: instanceOf(request), address }
    const tried = {
      ...{ at: now(), address, encoder: flashver || null },
      detail: name === name.trim() ? null : SPACE,
    }
    const verdict =
      candidate === null
        ? MALFORMED
        : await inTime((signal) => gate.admit(candidate, signal), ANSWER_MS).catch((error: unknown) => {
            attempts.note({ ...tried, streamId: null, result: 'unavailable' })
            throw error
          })
    attempts.note({ ...tried, ...toOutcome(verdict) })
    const result = verdict.admitted ? 'admitted' : verdict.reason
    metrics.hooks.inc({ hook: 'on_publish', result })
    logger.info(
      {
        hook: 'on_publish',
        clientId: clientid,
        address,
        result,
        stream: verdict.id ?? undefined,
      },
      'publish decided',
    )
    // A bare name instead of a URL: nginx-rtmp uses it as the stream's new name.
    return verdict.admitted ? reply.code(302).header('location', verdict.id).send() : reply.code(403).send()
  })

  app.post('/hooks/nginx/on_publish_done', async (request, reply) => {
    const { name, clientid } = parse(PublishDoneHook, request)
    const gone = publisherGone(options, name, clientid, instanceOf(request))
    const changed = await inTime(() => gone, ANSWER_MS)
    metrics.hooks.inc({ hook: 'on_publish_done', result: changed ? 'gone' : 'nothing' })
    return reply.code(204).send()
  })
}

async function withReplacedKey(store: StreamStore, session: SessionRef): Promise<Stream | null> {
  const stream = await store.findBySession(session)
  return stream?.replacedKeyHash == null ? null : stream
}

/** What a try has led to, as it is listed. */
function toOutcome(verdict: Verdict | typeof MALFORMED): Pick<Attempt, 'streamId' | 'result' | 'keyHash'> {
  if (verdict.admitted) return { streamId: verdict.id, result: 'accepted' }
  const keyHash = 'keyHash' in verdict ? verdict.keyHash : undefined
  return { streamId: verdict.id, result: toAttemptResult(verdict.reason), keyHash }
}

/** The hook carries the key, not the id. `clientId` tells which of the key's publishers has disconnected. */
async function publisherGone(
  { store, streams, nodeId }: HookRoutesOptions,
  name: string,
  clientId: number,
  nginx: string | null,
): Promise<boolean> {
  const key = parseStreamKey(name)
  const session = { nodeId, nginx, clientId }
  const byKey = key === null ? null : await store.findByKeyHash(hashStreamKey(key))
  // nginx names the key that the publisher came with, which may have been replaced since.
  const stream = byKey ?? (key === null ? null : await withReplacedKey(store, session))
  if (stream === null) return false
  const result = await streams.submit(stream.id, { kind: 'publisher-gone', session })
  return result?.changed ?? false
}

/**
 * The first value of each field. nginx appends what the publisher typed after the key's `?` to the same
 * form, unescaped: a second `name` or `addr` comes from the publisher and must not be trusted.
 */
function firstValues(body: string): Record<string, string> {
  const fields: Record<string, string> = Object.create(null)
  for (const [field, value] of new URLSearchParams(body)) fields[field] ??= value
  return fields
}

function parse<T>(schema: z.ZodType<T>, request: FastifyRequest): T {
  const parsed = schema.safeParse(request.body)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.map((issue) => ({
    in: 'body' as const,
    field: issue.path.join('.'),
    message: issue.message,
  }))
  const fields = errors.map(({ field, message }) => `${field || 'body'}: ${message}`).join('; ')
  throw new AppError(400, 'validation_failed', fields, { extra: { errors } })
}

/** Null: nginx did not say, or it is no IP address. */
function addressOf(addr: string | undefined): string | null {
  const address = unmapped(addr ?? '')
  return isIP(address) === 0 ? null : address
}

function instanceOf(request: FastifyRequest): string | null {
  const header = request.headers[INSTANCE_HEADER]
  return typeof header === 'string' && /^[\w.-]{1,64}$/.test(header) ? header : null
}
