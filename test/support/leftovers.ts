// Finds and ends processes that still use a test run's folder, whichever program started them.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { allProcesses, type ProcessEntry } from '../../apps/stack/supervision/process-group.ts'

/** Processes with a command line, environment, working directory or open file in the folder. */
export function processesOf(folder: string): ProcessEntry[] {
  return allProcesses().filter(({ pid }) => pid !== process.pid && uses(pid, folder))
}

/** Sends SIGTERM, and SIGKILL after 3 s. @returns each process as "name pid" */
export async function endProcessesOf(folder: string): Promise<string[]> {
  const found = processesOf(folder)
  for (const { pid } of found) signal(pid, 'SIGTERM')
  const deadline = performance.now() + 3000
  while (processesOf(folder).length > 0 && performance.now() < deadline) await delay(50)
  for (const { pid } of processesOf(folder)) signal(pid, 'SIGKILL')
  return found.map(({ name, pid }) => `${name} ${pid}`)
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}

function uses(pid: number, folder: string): boolean {
  const proc = `/proc/${pid}`
  // nginx overwrites its environment and its worker's command line, but keeps its log open.
  return (
    [`${proc}/cmdline`, `${proc}/environ`].some((file) => readOr(file).includes(folder)) ||
    [`${proc}/cwd`, ...openFiles(proc)].some((link) => linkOr(link).startsWith(`${folder}/`))
  )
}

function openFiles(proc: string): string[] {
  try {
    return readdirSync(`${proc}/fd`).map((fd) => `${proc}/fd/${fd}`)
  } catch {
    return []
  }
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function linkOr(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}
