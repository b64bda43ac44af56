// Waits until OnAir as a whole can be used: until /readyz is 200 through nginx's public port.
import { setTimeout as delay } from 'node:timers/promises'

const ASK_EVERY_MS = 250
const ANSWER_WITHIN_MS = 5000
const COMPLAIN_EVERY_MS = 60_000

export interface ReadinessUrls {
  /** Control itself: asked first, so that nginx's log is not filled with refusals meanwhile. */
  readonly control: string
  /** Everything, as a browser reaches it. */
  readonly all: string
}

/** Says every minute what is not ready. Rejects only when the signal is aborted. */
export async function waitUntilReady(
  urls: ReadinessUrls,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await waitFor(urls.control, say, signal)
  await waitFor(urls.all, say, signal)
}

async function waitFor(url: string, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  let complainAt = performance.now() + COMPLAIN_EVERY_MS
  for (;;) {
    const reason = await whyNotReady(url, signal)
    if (reason === undefined) return
    if (performance.now() > complainAt) {
      say(`still not ready: ${url} says ${reason}; waiting on`)
      complainAt += COMPLAIN_EVERY_MS
    }
    await delay(ASK_EVERY_MS, undefined, { signal })
  }
}

async function whyNotReady(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    })
    const body = await answer.text()
    return answer.status === 200 ? undefined : `${answer.status} ${body.trim().slice(0, 500)}`
  } catch (error) {
    signal.throwIfAborted()
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return cause instanceof Error ? cause.message : String(cause)
  }
}
