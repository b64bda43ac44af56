// GET /v1/events: Server-Sent Events.
import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { EventsHeaders, EventsQuery } from '../api/event-schemas.ts'
import { PROBLEMS } from '../api/problem.ts'
import type { Logger } from '../common/logger.ts'
import { encodeFrame, encodeRetry } from '../events/frame.ts'
import type { Hub } from '../events/hub.ts'
import type { EventFilter, EventLog } from '../events/log.ts'
import { Reader } from '../events/reader.ts'
import type { StreamStore } from '../streams/store.ts'
import type { Viewers } from '../viewers/viewers.ts'
import { findStream } from './find-stream.ts'

const RETRY_MS = 2_000

export interface EventRoutesOptions {
  readonly hub: Hub
  readonly log: EventLog
  readonly store: StreamStore
  readonly viewers: Viewers
  readonly logger: Logger
}

export const eventRoutes: FastifyPluginAsyncZod<EventRoutesOptions> = async (
  app,
  { hub, log, store, viewers, logger },
) => {
  app.route({
    method: 'GET',
    url: '/v1/events',
    exposeHeadRoute: false,
    schema: {
      tags: ['events'],
      summary: 'Follow changes as Server-Sent Events',
      description:
        'Each frame has `id`, `event` and `data` (a StreamEvent as JSON). Without `stream` you get the events of ' +
        'all streams that have been live. If events after your cursor are no longer stored, or your cursor is ' +
        'newer than the newest event, you get one `reset` event: read the list again and keep following. ' +
        '`stream.viewers` (a ViewersEvent, at most one per stream every 2 s) is not stored: it has no `id` and is ' +
        'not sent again after a reconnect.',
      querystring: EventsQuery,
      headers: EventsHeaders,
      response: {
        200: {
          description: 'Events, until the connection is closed',
          content: { 'text/event-stream': { schema: z.string() } },
        },
        ...PROBLEMS,
      },
    },
    handler: async (request, reply) => {
      const { stream, types, lastEventId, viewer } = request.query
      if (stream !== undefined) await findStream(store, stream)
      const filter: EventFilter = {
        streamId: stream ?? null,
        types: types === undefined ? null : new Set(types),
      }
      const start = await startingPoint(request.headers['last-event-id'] ?? lastEventId, hub, log)
      reply.hijack()
      // The client may have disconnected during the query; its `close` event has then already been emitted.
      if (reply.raw.destroyed) return
      // Counted before the first byte, so that a client that reads the stream after that is already in its number.
      if (stream !== undefined && viewer !== undefined) reply.raw.once('close', viewers.join(stream))
      serve(reply, filter, start, hub, log, logger)
    },
  })
}

interface Start {
  readonly cursor: number
  /** Whether the requested cursor is outside the log. */
  readonly reset: boolean
}

async function startingPoint(wanted: number | undefined, hub: Hub, log: EventLog): Promise<Start> {
  if (wanted === undefined) return { cursor: hub.head, reset: false }
  const { head, pruned } = await log.bounds()
  if (wanted === 0) return { cursor: pruned, reset: false }
  return wanted < pruned || wanted > head ? { cursor: head, reset: true } : { cursor: wanted, reset: false }
}

function serve(
  reply: FastifyReply,
  filter: EventFilter,
  { cursor, reset }: Start,
  hub: Hub,
  log: EventLog,
  logger: Logger,
): void {
  reply.headers({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  const response = reply.raw
  const reader = new Reader(response, filter, cursor)
  const remove = hub.add(reader)
  response.once('close', remove)
  // The body ends with the connection, so that events need no chunked encoding.
  response.useChunkedEncodingByDefault = false
  response.shouldKeepAlive = false
  response.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders)
  response.socket?.setNoDelay(true)
  reader.write(encodeRetry(RETRY_MS))
  if (reset)
    reader.write(
      encodeFrame({
        id: cursor,
        event: 'reset',
        data: JSON.stringify({ id: String(cursor), type: 'reset' }),
      }),
    )
  reader
    .catchUp(log, () => hub.position)
    .catch((error: unknown) => {
      logger.warn({ err: error }, 'a reader could not catch up and was disconnected; it will reconnect')
      reader.end()
    })
}
