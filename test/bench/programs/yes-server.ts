// A hook that lets everybody in at once: the least that a hook can cost.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from './serve.ts'

const calls = {
  /** @returns the port it listens on */
  async start(): Promise<number> {
    const server = createServer((_request, response) => response.writeHead(200).end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
}

export type YesServer = typeof calls
serve(calls)
