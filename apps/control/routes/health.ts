// GET /healthz and /readyz: whether the process is running, and whether everything it needs is reachable.
import { access, constants } from 'node:fs/promises'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { PROBLEMS } from '../api/problem.ts'
import { AppError } from '../http/errors.ts'

export interface HealthOptions {
  readonly hlsDir: string
  /** Each rejects when the service it is named after cannot be reached. */
  readonly database: () => Promise<unknown>
  readonly nginx: () => Promise<unknown>
}

const Healthy = z.object({ status: z.literal('ok') })
const Ready = Healthy.extend({ checks: z.record(z.string(), z.string()) })
const tags = ['health']

export const healthRoutes: FastifyPluginAsyncZod<HealthOptions> = async (
  app,
  { hlsDir, database, nginx },
) => {
  const hls = () => access(hlsDir, constants.R_OK | constants.W_OK | constants.X_OK)
  const look = atMostEverySecond(() => runChecks({ database, hls, nginx }))

  app.route({
    method: 'GET',
    url: '/healthz',
    schema: { tags, summary: 'Check that the process is running', response: { 200: Healthy } },
    handler: async () => ({ status: 'ok' as const }),
  })

  app.route({
    method: 'GET',
    url: '/readyz',
    schema: {
      tags,
      summary: 'Check that the database, the HLS folder and nginx are reachable',
      description: 'The answer is at most a second old.',
      response: { 200: Ready, 503: PROBLEMS['5xx'] },
    },
    handler: async () => {
      const checks = await look()
      const failing = Object.keys(checks).filter((name) => checks[name] !== 'ok')
      if (failing.length > 0) {
        throw new AppError(503, 'not_ready', `Not reachable: ${failing.join(', ')}.`, { extra: { checks } })
      }
      return { status: 'ok' as const, checks }
    },
  })
}

/** All who ask within a second share one look: anybody may ask, and nginx writes its whole state for it. */
function atMostEverySecond<T>(look: () => Promise<T>): () => Promise<T> {
  let latest: { readonly atMs: number; readonly result: Promise<T> } | null = null
  return () => {
    if (latest === null || performance.now() - latest.atMs >= 1_000)
      latest = { atMs: performance.now(), result: look() }
    return latest.result
  }
}

async function runChecks(checks: Record<string, () => Promise<unknown>>): Promise<Record<string, string>> {
  const entries = Object.entries(checks).map(async ([name, check]) => {
    const result = await check().then(
      () => 'ok',
      () => 'unreachable',
    )
    return [name, result] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}
