// What a process costs, as Linux counts it (proc(5)).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** The kernel tells times in ticks of 10 ms to programs, whatever it counts in itself. */
const TICK_MS = 10
/** A heap of a few hundred megabytes is gone through in less. */
const COLLECTING_MS = 1_500

/** Node's flags for a process whose memory is to be looked at without its garbage. */
export const COLLECTABLE: readonly string[] = [
  '--expose-gc',
  '--import',
  join(import.meta.dirname, 'programs/collect-garbage.ts'),
]

/** CPU time so far, of all its threads, in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

/** Memory that is really there for it, in bytes. */
export function residentBytes(pid: number): number {
  const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) * 1024
}

/** How much of one core a process takes while `work` goes on, in percent. */
export async function shareOfCore(pid: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  const before = cpuMs(pid)
  await work()
  return (100 * (cpuMs(pid) - before)) / (performance.now() - start)
}

/** Resident memory of a process that was started as COLLECTABLE, once its garbage is gone. */
export async function collectedBytes(pid: number): Promise<number> {
  process.kill(pid, 'SIGUSR2')
  await delay(COLLECTING_MS)
  return residentBytes(pid)
}
