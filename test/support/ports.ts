// Free ports for servers under test.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** Below the range from which the kernel picks ports for outgoing connections, which could take one meanwhile. */
const LOWEST = 10_000
const HIGHEST = 32_000

/**
 * A file for each port that a test process has picked, with its pid: between the pick and the server's listen
 * no other test process of this machine must pick or probe the same port. Not in TMPDIR, which each run has
 * for itself.
 */
const RESERVATIONS = '/tmp/onair-test-ports'
const reserved = new Set<number>()
process.once('exit', () => {
  for (const port of reserved) rmSync(join(RESERVATIONS, String(port)), { force: true })
})

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
    if (reserve(port) && (await isFree(port))) ports.add(port)
  }
  return [...ports]
}

/** @returns a free port for each of OnAir's port settings */
export async function freePortSettings(): Promise<PortSettings> {
  const ports = await freePorts(PORT_SETTINGS.length)
  return Object.fromEntries(PORT_SETTINGS.map((name, index) => [name, `${ports[index]}`])) as PortSettings
}

function makeReservations(): void {
  if (mkdirSync(RESERVATIONS, { recursive: true }) === undefined) return
  // For tests that run as another user, too.
  chmodSync(RESERVATIONS, 0o1777)
}

/** @returns whether the port is this process's now; a port stays reserved until the process ends */
function reserve(port: number): boolean {
  const file = join(RESERVATIONS, String(port))
  makeReservations()
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  } catch {
    // Left by a process that was killed: the next pick may have it.
    if (!isRunning(file)) rmSync(file, { force: true })
    return false
  }
  reserved.add(port)
  return true
}

function isRunning(reservation: string): boolean {
  try {
    process.kill(Number(readFileSync(reservation, 'utf8')), 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
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
