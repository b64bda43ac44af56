// Says that events don't arrive. Its style lets it appear only after some seconds: most breaks heal sooner.
import { TEXTS } from '../texts.ts'

export function LostNotice({ connected }: { connected: boolean }) {
  return (
    <div class="lost-place" role="status">
      {!connected && <p class="lost">{TEXTS.lost}</p>}
    </div>
  )
}
