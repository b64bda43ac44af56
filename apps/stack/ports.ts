// Checks that every port OnAir will listen on is free, so that a taken port is reported with its setting's
// name, instead of nginx or control failing to start again and again.
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../control/config.ts'

interface PortUse {
  readonly setting: string
  readonly port: number
  readonly hosts: readonly string[]
}

const EVERYWHERE = ['0.0.0.0', '::']
const LOOPBACK = ['127.0.0.1']
/** The other one: where nginx passes on to its RTMP server what arrives at RTMP_PORT and RTMPS_PORT. */
const INTERNAL_RTMP = [...LOOPBACK, '127.0.0.2']

/** The ports of a process that was killed may stay taken for a moment. */
const RELEASED_WITHIN_MS = 2000

/** @returns a message for each port that cannot be used */
export async function findTakenPorts(config: Config): Promise<string[]> {
  const deadline = performance.now() + RELEASED_WITHIN_MS
  for (;;) {
    const taken = await checkAll(config)
    if (taken.length === 0 || performance.now() > deadline) return taken
    await delay(100)
  }
}

async function checkAll(config: Config): Promise<string[]> {
  const http = config.httpAddress === null ? EVERYWHERE : [config.httpAddress]
  const rtmp = config.rtmpAddress === null ? EVERYWHERE : [config.rtmpAddress]
  const tls: PortUse[] = [
    { setting: 'HTTPS_PORT', port: config.httpsPort, hosts: http },
    { setting: 'RTMPS_PORT', port: config.rtmpsPort, hosts: rtmp },
  ]
  const uses: PortUse[] = [
    { setting: 'HTTP_PORT', port: config.httpPort, hosts: http },
    { setting: 'RTMP_PORT', port: config.rtmpPort, hosts: rtmp },
    ...(config.tls === null ? [] : tls),
    { setting: 'INTERNAL_HTTP_PORT', port: config.internalHttpPort, hosts: LOOPBACK },
    { setting: 'INTERNAL_RTMP_PORT', port: config.internalRtmpPort, hosts: INTERNAL_RTMP },
    { setting: 'API_PORT', port: config.apiPort, hosts: [config.listenAddress] },
    { setting: 'HOOKS_PORT', port: config.hooksPort, hosts: [config.listenAddress] },
  ]
  return (await Promise.all(uses.map(problemWith))).filter((line) => line !== undefined)
}

async function problemWith({ setting, port, hosts }: PortUse): Promise<string | undefined> {
  for (const host of hosts) {
    const code = await tryToListen(port, host)
    if (code === 'EADDRINUSE') {
      return `${setting} ${port} is taken by another program: set ${setting} to another port`
    }
    // Without IPv6, this is also the answer for '::', on which nginx then does not listen.
    if (code === 'EADDRNOTAVAIL' && !EVERYWHERE.includes(host)) {
      return `${setting} ${port}: ${host} is not an address of this machine`
    }
    if (code === 'EACCES') {
      return `${setting} ${port} may only be used by root: set ${setting} to a port above 1023`
    }
  }
  return undefined
}

/** @returns the error's code; undefined when it worked. Without IPv6 it is EAFNOSUPPORT or the like. */
function tryToListen(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    // Otherwise [::] takes the IPv4 port as well, and collides with the check of 0.0.0.0.
    server.listen({ port, host, ipv6Only: true }, () => server.close(() => resolve(undefined)))
  })
}
