// Waits until OnAir is ready: until control's /readyz answers 200 through nginx's public port, and TLS
// handshakes succeed if there is a certificate.
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'

const ASK_EVERY_MS = 250
const ANSWER_WITHIN_MS = 5000
const REPORT_EVERY_MS = 60_000

export interface Readiness {
  /** Control's /healthz. Asked first, because nginx logs an error for each request while control is down. */
  readonly control: string
  /** /readyz through nginx's public port. */
  readonly nginx: string
  /** The ports at which a TLS handshake has to succeed. */
  readonly tls: readonly TlsPort[]
}

interface TlsPort {
  readonly setting: string
  readonly host: string
  readonly port: number
}

/** Says every minute why it is not ready yet. Rejects only when the signal is aborted. */
export async function waitUntilReady(
  { control, nginx, tls }: Readiness,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const url of [control, nginx]) {
    await waitFor(`${url} answers`, () => whyNotReady(url, signal), say, signal)
  }
  for (const port of tls) {
    await waitFor(
      `a TLS handshake at ${port.setting} ${port.port}`,
      () => whyNoTls(port, signal),
      say,
      signal,
    )
  }
}

async function waitFor(
  what: string,
  whyNot: () => Promise<string | undefined>,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let reportAt = performance.now() + REPORT_EVERY_MS
  for (;;) {
    const reason = await whyNot()
    if (reason === undefined) return
    if (performance.now() > reportAt) {
      say(`not ready yet, still waiting: ${what}: ${reason}`)
      reportAt += REPORT_EVERY_MS
    }
    await delay(ASK_EVERY_MS, undefined, { signal })
  }
}

/** nginx reads the certificate at a handshake only, so nothing else shows whether its worker can. */
async function whyNoTls({ host, port }: TlsPort, signal: AbortSignal): Promise<string | undefined> {
  // Whether anybody trusts the certificate does not matter here.
  const socket = connect({ host, port, rejectUnauthorized: false, timeout: ANSWER_WITHIN_MS })
  try {
    await once(socket, 'secureConnect', {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    })
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    return `${(error as Error).message} (nginx's lines above may say why)`
  } finally {
    socket.destroy()
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
