// Media's HTTP server, for control only. It listens on a Unix socket: no browser can be made to send a request there,
// whatever a page or a forged DNS answer says, and only OnAir's user may connect.
import Fastify, { type FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import pLimit from 'p-limit'
import { z } from 'zod'
import { JobName, JobRequest, PictureRequest } from '../control/media/media-api.ts'
import type { Ffmpeg } from './ffmpeg.ts'
import type { Folders } from './folders.ts'
import { type Jobs, TooManyJobsError } from './jobs.ts'
import { firstFrame, lastFrame } from './still-image.ts'

/** The segments of a broadcast of days. */
const MAX_BODY_BYTES = 32 * 1024 * 1024
const PICTURE_TIMEOUT_MS = 5_000
const CONCURRENT_PICTURES = 2
/** More could not be made before control stops waiting for them. */
const MAX_WAITING_PICTURES = 60

const JobParams = z.object({ name: JobName })

export interface AppOptions {
  readonly ffmpeg: Ffmpeg
  readonly folders: Folders
  readonly jobs: Jobs
  /** Aborts pictures that are being made. */
  readonly signal: AbortSignal
}

export function buildMediaApp({ ffmpeg, folders, jobs, signal }: AppOptions): FastifyInstance {
  const app = Fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  const typed = app.withTypeProvider<ZodTypeProvider>()
  const limit = pLimit(CONCURRENT_PICTURES)

  typed.post('/pictures', { schema: { body: PictureRequest } }, async (request, reply) => {
    if (limit.pendingCount >= MAX_WAITING_PICTURES)
      return reply.code(503).send({ message: 'too many pictures are waiting' })
    const { folder, segment, frame } = request.body
    const make = frame === 'first' ? firstFrame : lastFrame
    try {
      const jpeg = await limit(async () =>
        make(await folders.find(folder, segment), { ffmpeg, signal, timeoutMs: PICTURE_TIMEOUT_MS }),
      )
      return reply.type('image/jpeg').send(jpeg)
    } catch (error) {
      if (signal.aborted) return reply.code(503).send({ message: 'media is stopping' })
      return reply.code(422).send({ message: (error as Error).message })
    }
  })

  typed.put('/jobs/:name', { schema: { params: JobParams, body: JobRequest } }, async (request, reply) => {
    try {
      return await jobs.put(request.params.name, request.body)
    } catch (error) {
      if (error instanceof TooManyJobsError) return reply.code(503).send({ message: error.message })
      throw error
    }
  })

  typed.get('/jobs/:name', { schema: { params: JobParams } }, async (request, reply) => {
    const state = jobs.get(request.params.name)
    return state ?? reply.code(404).send({ message: 'there is no such job' })
  })

  typed.delete('/jobs/:name', { schema: { params: JobParams } }, async (request, reply) => {
    await jobs.drop(request.params.name)
    return reply.code(204).send()
  })

  return app
}
