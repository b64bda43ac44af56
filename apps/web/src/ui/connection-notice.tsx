// Tells the viewer that events do not arrive. CSS delays it by some seconds, because most connections are
// back sooner.
import { TEXTS } from '../texts/texts.ts'

export function ConnectionNotice({ connected }: { connected: boolean }) {
  return <div role="status">{!connected && <p class="connection-notice">{TEXTS.disconnected}</p>}</div>
}
