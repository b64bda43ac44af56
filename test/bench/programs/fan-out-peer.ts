// A bare HTTP server that writes one prepared buffer to each open response: what fan-out costs in Node
// when there is nothing else.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from './serve.ts'

const responses = new Set<ServerResponse>()

const calls = {
  /** @returns the port it listens on */
  async start(): Promise<number> {
    const server = createServer((_request, response) => {
      response.useChunkedEncodingByDefault = false
      response.shouldKeepAlive = false
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('retry: 2000\n\n')
      responses.add(response)
      response.on('close', () => responses.delete(response))
    }).listen({ port: 0, host: '127.0.0.1', backlog: 65_535 })
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  tell(frame: Uint8Array): void {
    const bytes = Buffer.from(frame)
    for (const response of responses) response.write(bytes)
  },
}

export type FanOutPeer = typeof calls
serve(calls)
