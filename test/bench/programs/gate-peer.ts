// Control's requests with nothing around them: a bare Fastify that knows no key, and mysql2 by hand with the
// statements that control sends for the same answer.
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { newStreamId, newStreamKey } from '../../../apps/control/domain/keys.ts'
import { PeerDatabase } from './peer-database.ts'
import { serve } from './serve.ts'

const calls = {
  /** @returns the port it listens on */
  async start(databaseUrl: string): Promise<number> {
    const database = new PeerDatabase(databaseUrl)
    const app = Fastify()
    app.removeContentTypeParser(['application/json'])
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
      done(null, new URLSearchParams(String(body)))
    })
    app.post('/hooks/nginx/on_publish', async (request, reply) => {
      const form = request.body as URLSearchParams
      const name = form.get('name') ?? ''
      if (!name.startsWith('live_')) return reply.code(403).send()
      const stream = await database.findByKeyHash(createHash('sha256').update(name).digest())
      if (stream === undefined) return reply.code(403).send()
      await database.connect(stream, Number(form.get('clientid')))
      return reply.code(302).header('location', stream.id).send()
    })
    app.post('/v1/streams', async (_request, reply) => {
      const key = newStreamKey().reveal()
      const id = newStreamId()
      await database.create(id, createHash('sha256').update(key).digest())
      return reply.code(201).send({ id, streamKey: { value: key } })
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return (app.server.address() as AddressInfo).port
  },
}

export type GatePeer = typeof calls
serve(calls)
