// The keys that people know from YouTube, and what each does. Pure: which key means what, and where a
// seek may lead.

export type KeyAction =
  | { readonly kind: 'play' | 'mute' | 'fullscreen' | 'picture-in-picture' | 'captions' | 'live' }
  /** `by`: seconds. */
  | { readonly kind: 'seek'; readonly by: number }
  /** `by`: a part of the loudest. */
  | { readonly kind: 'volume'; readonly by: number }
  /** 0 is the oldest that can be seen, 1 the live edge. */
  | { readonly kind: 'seek-to'; readonly part: number }

export interface KeyPress {
  readonly key: string
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly altKey: boolean
  readonly metaKey: boolean
}

/** What has the focus has keys of its own. */
export type Focus = 'text' | 'button' | 'slider' | 'other'

const ACTIONS: Readonly<Record<string, KeyAction>> = {
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
  home: { kind: 'seek-to', part: 0 },
  end: { kind: 'live' },
}

const SLIDER_KEYS = /^(arrow.*|home|end|pageup|pagedown)$/

/** Undefined: the key is not for the player. */
export function keyAction(press: KeyPress, focus: Focus): KeyAction | undefined {
  if (press.ctrlKey || press.altKey || press.metaKey || focus === 'text') return undefined
  const key = press.key.toLowerCase()
  if (focus === 'button' && key === ' ') return undefined
  if (focus === 'slider' && SLIDER_KEYS.test(key)) return undefined
  if (/^\d$/.test(key)) return press.shiftKey ? undefined : { kind: 'seek-to', part: Number(key) / 10 }
  return ACTIONS[key]
}

/** Seconds; within what can be seen. */
export function seekTarget(
  action: Extract<KeyAction, { kind: 'seek' | 'seek-to' }>,
  now: number,
  seekable: { readonly start: number; readonly end: number },
): number {
  const { start, end } = seekable
  const wanted = action.kind === 'seek' ? now + action.by : start + (end - start) * action.part
  return Math.min(Math.max(wanted, start), end)
}
