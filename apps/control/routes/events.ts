// GET /v1/events: Server-Sent Events.
import { once } from 'node:events'
import type { OutgoingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { EventsHeaders, EventsQuery } from '../api/event-schemas.ts'
import { PROBLEMS } from '../api/problem.ts'
import type { Logger } from '../common/logger.ts'
import { Turns } from '../common/turns.ts'
import { Backlog } from '../events/backlog.ts'
import type { Feed } from '../events/feed.ts'
import type { EventFilter } from '../events/filter.ts'
import { encodeReset, encodeRetry } from '../events/frame.ts'
import type { Hub } from '../events/hub.ts'
import type { EventLog } from '../events/log.ts'
import { Reader } from '../events/reader.ts'
import { findStart, type Start } from '../events/start.ts'
import type { ClientAddress } from '../http/client-address.ts'
import type { StreamQueries } from '../streams/stream-queries.ts'
import type { Viewers } from '../viewers/viewers.ts'
import { streamNotFound } from './find-stream.ts'
import { FollowedStreams } from './followed-streams.ts'

const RETRY = encodeRetry(2_000)
/** After a restart all readers come back at once; a hook must not wait for all of them. */
const READERS_A_TURN = 8

export interface EventRoutesOptions {
  readonly feed: Feed
  readonly hub: Hub
  readonly log: EventLog
  readonly queries: StreamQueries
  readonly viewers: Viewers
  readonly clientAddress: ClientAddress
  readonly logger: Logger
}

export const eventRoutes: FastifyPluginAsyncZod<EventRoutesOptions> = async (
  app,
  { feed, hub, log, queries, viewers, clientAddress, logger },
) => {
  const backlog = new Backlog(feed, log)
  const streams = new FollowedStreams(queries, feed)
  const turns = new Turns(READERS_A_TURN)

  app.route({
    method: 'GET',
    url: '/v1/events',
    exposeHeadRoute: false,
    schema: {
      tags: ['events'],
      summary: 'Follow changes as Server-Sent Events',
      description:
        'Each frame has `id`, `event` and `data` (a StreamEvent, or of ' +
        'a deleted stream a StreamDeletedEvent, as JSON). Without `stream` you get the events of ' +
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
      const cursor = request.headers['last-event-id'] ?? lastEventId
      const filter: EventFilter = {
        streamId: stream ?? null,
        types: types === undefined ? null : new Set(types),
      }
      const followed = stream === undefined ? null : await streams.find(stream)
      if (stream !== undefined && followed === null) throw streamNotFound()
      const nothingMissed = followed !== null && cursor !== undefined && followed.newest.id <= cursor
      // Who resumes from before the deletion gets its event; for everybody else there is no such stream.
      const isDeleted = followed?.newest.isDeletion === true
      if (isDeleted && (cursor === undefined || nothingMissed)) throw streamNotFound()
      // The cursor may be that of an event that another node has just committed.
      if (cursor !== undefined && cursor > feed.head) await feed.readOn()
      const address = viewer === undefined ? null : await clientAddress.of(request)
      // A pipelined request has to wait until the one before it has been answered.
      if (reply.raw.socket === null) await once(reply.raw, 'socket')
      await turns.next()
      // No await from here on: no event and no reset may come between the starting point and the subscription.
      const start = findStart(cursor, feed, nothingMissed ? followed.upTo : 0)
      reply.hijack()
      const { socket } = reply.raw
      // The client may have disconnected in the meantime; the `close` event has then already been emitted.
      if (socket === null || socket.destroyed) return
      // Counted before the first byte, so that a client that reads the stream after that is already in its number.
      if (stream !== undefined && address !== null && !isDeleted)
        socket.once('close', viewers.join(stream, address))
      serve(reply, socket, filter, start, hub, backlog, logger)
    },
  })
}

function serve(
  reply: FastifyReply,
  socket: Socket,
  filter: EventFilter,
  { cursor, reset }: Start,
  hub: Hub,
  backlog: Backlog,
  logger: Logger,
): void {
  reply.headers({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  const reader = new Reader(socket, filter, cursor)
  socket.once('close', hub.add(reader))
  const response = reply.raw
  // The body ends with the connection, so that events need no chunked encoding.
  response.useChunkedEncodingByDefault = false
  response.shouldKeepAlive = false
  // The head, and what comes from memory, in one write.
  socket.cork()
  response.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders)
  response.flushHeaders()
  reader.write(reset ? Buffer.concat([RETRY, encodeReset(cursor)]) : RETRY)
  reader.catchUp(backlog).catch((error: unknown) => {
    logger.warn({ err: error }, 'a reader could not catch up and was disconnected; it will reconnect')
    reader.end()
  })
  socket.uncork()
}
