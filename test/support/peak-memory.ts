// How much memory a process and everything it has started took at most, while the test did something.
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { allProcesses } from '../../apps/stack/supervision/process-group.ts'

const SAMPLE_MS = 10

/** @returns the peaks of all these processes together, in megabytes; shared pages count for each of them */
export async function peakMemoryOf(roots: readonly number[], work: () => Promise<unknown>): Promise<number> {
  const peaks = new Map<number, number>()
  const done = new AbortController()
  const working = work().finally(() => done.abort())
  while (!done.signal.aborted) {
    for (const pid of treeOf(roots)) peaks.set(pid, Math.max(peaks.get(pid) ?? 0, peakOf(pid)))
    await delay(SAMPLE_MS)
  }
  await working
  return [...peaks.values()].reduce((sum, megabytes) => sum + megabytes, 0)
}

/** The processes themselves and all that descend from them. */
export function treeOf(roots: readonly number[]): number[] {
  const tree = new Set(roots)
  // A process may be listed before its parent.
  const entries = allProcesses()
  for (let size = 0; size !== tree.size; ) {
    size = tree.size
    for (const { pid, parent } of entries) if (tree.has(parent)) tree.add(pid)
  }
  return [...tree]
}

/** Of one process, as the kernel has counted it; 0: it has ended. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}
