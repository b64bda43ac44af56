// Waits until OnAir is ready: until control's /readyz answers 200 through nginx's public port.
import { setTimeout as delay } from 'node:timers/promises'

const ASK_EVERY_MS = 250
const ANSWER_WITHIN_MS = 5000
const REPORT_EVERY_MS = 60_000

export interface ReadinessUrls {
  /** Control's /healthz. Asked first, because nginx logs an error for each request while control is down. */
  readonly control: string
  /** /readyz through nginx's public port. */
  readonly nginx: string
}

/** Says every minute why it is not ready yet. Rejects only when the signal is aborted. */
export async function waitUntilReady(
  urls: ReadinessUrls,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await waitFor(urls.control, say, signal)
  await waitFor(urls.nginx, say, signal)
}

async function waitFor(url: string, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  let reportAt = performance.now() + REPORT_EVERY_MS
  for (;;) {
    const reason = await whyNotReady(url, signal)
    if (reason === undefined) return
    if (performance.now() > reportAt) {
      say(`not ready yet, still waiting: ${url} answers: ${reason}`)
      reportAt += REPORT_EVERY_MS
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
