// Waits for a condition instead of sleeping and hoping.
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_EVERY_MS = 10

/**
 * Calls `look` again and again.
 * @returns its first result other than null, undefined or false
 * @throws when there is none within `timeoutMs`, naming `what` was waited for
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  timeoutMs = 15_000,
): Promise<Exclude<T, null | undefined | false>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== null && found !== undefined && found !== false) {
      return found as Exclude<T, null | undefined | false>
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await delay(LOOK_EVERY_MS)
  }
}
