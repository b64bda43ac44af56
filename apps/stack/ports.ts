// Looks whether every port OnAir will listen on is free, so that a taken one is told by its setting
// and not by a child that keeps dying.
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

/** A process that is killed may hold its ports for a moment after it has gone from the list. */
const LET_GO_WITHIN_MS = 2000

/** One line for each port that can't be had. */
export async function findTakenPorts(config: Config): Promise<string[]> {
  const deadline = performance.now() + LET_GO_WITHIN_MS
  for (;;) {
    const taken = await lookOnce(config)
    if (taken.length === 0 || performance.now() > deadline) return taken
    await delay(100)
  }
}

async function lookOnce(config: Config): Promise<string[]> {
  const uses: PortUse[] = [
    { setting: 'HTTP_PORT', port: config.httpPort, hosts: EVERYWHERE },
    { setting: 'RTMP_PORT', port: config.rtmpPort, hosts: EVERYWHERE },
    { setting: 'INTERNAL_HTTP_PORT', port: config.internalHttpPort, hosts: LOOPBACK },
    { setting: 'INTERNAL_RTMP_PORT', port: config.internalRtmpPort, hosts: LOOPBACK },
    { setting: 'API_PORT', port: config.apiPort, hosts: [config.listenAddress] },
    { setting: 'HOOKS_PORT', port: config.hooksPort, hosts: [config.listenAddress] },
  ]
  return (await Promise.all(uses.map(describeUse))).filter((line) => line !== undefined)
}

async function describeUse({ setting, port, hosts }: PortUse): Promise<string | undefined> {
  for (const host of hosts) {
    const code = await tryToListen(port, host)
    if (code === 'EADDRINUSE') {
      return `${setting} ${port} is taken by another program: set ${setting} to another port`
    }
    if (code === 'EACCES') {
      return `${setting} ${port} may only be used by root: set ${setting} to a port above 1023`
    }
  }
  return undefined
}

/** The error's code; undefined when it worked. A machine without IPv6 says EAFNOSUPPORT or the like. */
function tryToListen(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    // Else [::] would take IPv4's port as well and find it taken by the check beside it.
    server.listen({ port, host, ipv6Only: true }, () => server.close(() => resolve(undefined)))
  })
}
