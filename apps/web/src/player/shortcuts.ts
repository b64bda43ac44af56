// The player's keyboard shortcuts, the same as YouTube's: which action each one has, and where a seek
// ends. Pure.

export type ShortcutAction =
  | { readonly kind: 'play' | 'mute' | 'fullscreen' | 'picture-in-picture' | 'captions' | 'live' }
  /** `by`: seconds. */
  | { readonly kind: 'seek'; readonly by: number }
  /** `by`: a fraction of the full volume. */
  | { readonly kind: 'volume'; readonly by: number }
  /** `fraction`: 0 is the start of the seekable range, 1 its end. */
  | { readonly kind: 'seek-to'; readonly fraction: number }

/** A pressed shortcut, as the browser's keyboard event has it. */
export type ShortcutEvent = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey'>

/** The kind of element that has the focus. It may use some keyboard input itself. */
export type Focus = 'text' | 'button' | 'slider' | 'other'

const ACTIONS: Readonly<Record<string, ShortcutAction>> = {
  ' ': { kind: 'play' },
  k: { kind: 'play' },
  m: { kind: 'mute' },
  f: { kind: 'fullscreen' },
  i: { kind: 'picture-in-picture' },
  c: { kind: 'captions' },
  j: { kind: 'seek', by: -10 },
  l: { kind: 'seek', by: 10 },
  arrowleft: { kind: 'seek', by: -5 },
  arrowright: { kind: 'seek', by: 5 },
  arrowup: { kind: 'volume', by: 0.05 },
  arrowdown: { kind: 'volume', by: -0.05 },
  home: { kind: 'seek-to', fraction: 0 },
  end: { kind: 'live' },
}

const SLIDER_INPUT = /^(arrow.*|home|end|pageup|pagedown)$/

/** Undefined: not a shortcut of the player. */
export function shortcutAction(event: ShortcutEvent, focus: Focus): ShortcutAction | undefined {
  if (event.ctrlKey || event.altKey || event.metaKey || focus === 'text') return undefined
  const pressed = event.key.toLowerCase()
  if (focus === 'button' && pressed === ' ') return undefined
  if (focus === 'slider' && SLIDER_INPUT.test(pressed)) return undefined
  if (/^\d$/.test(pressed))
    return event.shiftKey ? undefined : { kind: 'seek-to', fraction: Number(pressed) / 10 }
  return ACTIONS[pressed]
}

/** The position to seek to, in seconds, limited to the seekable range. */
export function seekTarget(
  action: Extract<ShortcutAction, { kind: 'seek' | 'seek-to' }>,
  now: number,
  seekable: { readonly start: number; readonly end: number },
): number {
  const { start, end } = seekable
  const wanted = action.kind === 'seek' ? now + action.by : start + (end - start) * action.fraction
  return Math.min(Math.max(wanted, start), end)
}
