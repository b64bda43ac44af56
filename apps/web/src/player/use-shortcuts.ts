// Makes the player's shortcuts work on the whole page, as on YouTube. media-chrome's own shortcuts need the
// focus inside the player.
import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'
import { seekableRange } from './seekable-range.ts'
import { type Focus, type ShortcutAction, seekTarget, shortcutAction } from './shortcuts.ts'

export function useShortcuts(
  controller: RefObject<HTMLElement | null>,
  video: RefObject<HTMLVideoElement | null>,
): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || !controller.current || !video.current) return
      const action = shortcutAction(event, focusKind(event.composedPath()[0]))
      if (action === undefined) return
      // Otherwise the space bar and the arrows also scroll the page.
      event.preventDefault()
      perform(action, controller.current, video.current)
      // Makes media-chrome show the controls for a while, as if the player had the focus.
      controller.current.dispatchEvent(new Event('keyup'))
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [controller, video])
}

function focusKind(target: EventTarget | undefined): Focus {
  if (!(target instanceof Element)) return 'other'
  if (target.matches('input[type=range]')) return 'slider'
  if (target.matches('input, textarea, select, [contenteditable]')) return 'text'
  return target.closest('button, a, summary, [role=button]') ? 'button' : 'other'
}

function perform(action: ShortcutAction, controller: HTMLElement, video: HTMLVideoElement): void {
  const request = (name: string) => controller.dispatchEvent(new CustomEvent(`media${name}request`))
  switch (action.kind) {
    case 'play':
      return void request(video.paused ? 'play' : 'pause')
    case 'mute':
      return void request(video.muted ? 'unmute' : 'mute')
    case 'fullscreen':
      return void request(document.fullscreenElement ? 'exitfullscreen' : 'enterfullscreen')
    case 'picture-in-picture':
      return void request(document.pictureInPictureElement ? 'exitpip' : 'enterpip')
    case 'captions':
      return void request('togglesubtitles')
    case 'live':
      return void request('seektolive')
    case 'volume':
      video.volume = Math.min(1, Math.max(0, video.volume + action.by))
      if (action.by > 0) video.muted = false
      return
    case 'seek':
    case 'seek-to': {
      const range = seekableRange(video)
      if (range) video.currentTime = seekTarget(action, video.currentTime, range)
      return
    }
    default:
      action satisfies never
  }
}
