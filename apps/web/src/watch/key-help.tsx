// The player's keys, for who wants to know; the keys themselves are in player/keys.ts.
import { TEXTS } from '../texts.ts'

export function KeyHelp() {
  return (
    <details class="keys">
      <summary>{TEXTS.watch.keys}</summary>
      <dl>
        {TEXTS.watch.keyList.map(([keys, what]) => (
          <div key={keys}>
            <dt>{keys}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
