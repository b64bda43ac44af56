// The list of the player's keyboard shortcuts, which are defined in player/shortcuts.ts.
import { TEXTS } from '../texts/texts.ts'

export function ShortcutHelp() {
  return (
    <details class="shortcuts">
      <summary>{TEXTS.watch.shortcuts}</summary>
      <dl>
        {TEXTS.watch.shortcutList.map(([shortcut, effect]) => (
          <div key={shortcut}>
            <dt>{shortcut}</dt>
            <dd>{effect}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
