// Free ports for servers under test.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the range from which the kernel picks ports for outgoing connections, which could take one meanwhile. */
const LOWEST = 10_000
const HIGHEST = 32_000

const PORT_SETTINGS = [
  'HTTP_PORT',
  'RTMP_PORT',
  'API_PORT',
  'HOOKS_PORT',
  'INTERNAL_HTTP_PORT',
  'INTERNAL_RTMP_PORT',
  'HTTPS_PORT',
  'RTMPS_PORT',
] as const

/** OnAir's port settings, as in the environment. */
export type PortSettings = Record<(typeof PORT_SETTINGS)[number], string>

/** @returns ports that nobody listens on, on any address */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(LOWEST, HIGHEST)
    if (!ports.has(port) && (await isFree(port))) ports.add(port)
  }
  return [...ports]
}

/** @returns a free port for each of OnAir's port settings */
export async function freePortSettings(): Promise<PortSettings> {
  const ports = await freePorts(PORT_SETTINGS.length)
  return Object.fromEntries(PORT_SETTINGS.map((name, index) => [name, `${ports[index]}`])) as PortSettings
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port)
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
