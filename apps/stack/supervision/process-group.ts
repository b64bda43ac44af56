// Finds processes by their session in Linux's /proc, and signals process groups. Each child of the stack
// leads a session and group of its own, so that what it has started can be found and ended after its death.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export interface ProcessEntry {
  readonly pid: number
  /** The program's name, at most 15 characters. */
  readonly name: string
  readonly parent: number
  readonly session: number
  /** Clock ticks since the machine's boot. Together with the pid it identifies a process. */
  readonly startedAt: number
}

/** Undefined when there is no such process, or only its zombie. */
export function readProcess(pid: number): ProcessEntry | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The name is in parentheses and may contain any character; numbers follow it (proc(5)).
  const end = stat.lastIndexOf(')')
  const fields = stat.slice(end + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return {
    pid,
    name: stat.slice(stat.indexOf('(') + 1, end),
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startedAt: Number(fields[19]),
  }
}

export function allProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((entry) => entry !== undefined)
}

export function processesOfSession(session: number): ProcessEntry[] {
  return allProcesses().filter((entry) => entry.session === session)
}

/** Changes with every boot, after which saved pids and start times no longer identify a process. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

/** Signals the whole group; 0 only checks. @returns false when no process is left in it */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal)
    return true
  } catch {
    return false
  }
}

/** Waits until only zombies are left in the group. @returns false when time is up or `force` is aborted first */
export async function groupIsGone(group: number, withinMs: number, force?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (signalGroup(group, 0) && processesOfSession(group).length > 0) {
    if (performance.now() > deadline || force?.aborted) return false
    await delay(10)
  }
  return true
}
