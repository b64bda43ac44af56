// Processes by the session they belong to, as Linux's /proc tells it. Each child of the stack is the
// leader of a session of its own, so what it leaves behind can be found and ended, even without it.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export interface ProcessEntry {
  readonly pid: number
  /** The program's name, at most 15 characters. */
  readonly name: string
  readonly parent: number
  readonly session: number
  /** Clock ticks from the machine's boot; with the pid it names one process for good. */
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
  // The name stands in parentheses and may hold anything; what follows it is numbers (proc(5)).
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

/** Changes with every boot, after which pids and start times mean nothing any more. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

/** Sends to the whole group; false when there is nobody left in it. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal)
    return true
  } catch {
    return false
  }
}

/** Waits until nobody is left in the group but zombies; false when the time or the patience is over first. */
export async function groupIsGone(group: number, withinMs: number, hurry?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (signalGroup(group, 0) && processesOfSession(group).length > 0) {
    if (performance.now() > deadline || hurry?.aborted) return false
    await delay(10)
  }
  return true
}
