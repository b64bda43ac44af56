// Signals to processes that may be gone by now.
import { setTimeout as delay } from 'node:timers/promises'

export function send(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(pid, name)
  } catch {
    // It has ended since it was looked up.
  }
}

/** Stops a process for a while. */
export async function freeze(pid: number | undefined, ms: number): Promise<void> {
  send(pid, 'SIGSTOP')
  await delay(ms)
  send(pid, 'SIGCONT')
}
