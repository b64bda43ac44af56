// The player's keys on the whole page, as on YouTube; media-chrome's own would need the focus in the player.
import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'
import { type Focus, type KeyAction, keyAction, seekTarget } from './keys.ts'
import { seekableRange } from './seekable.ts'

export function useKeys(
  controller: RefObject<HTMLElement | null>,
  video: RefObject<HTMLVideoElement | null>,
): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || !controller.current || !video.current) return
      const action = keyAction(event, focusOf(event.composedPath()[0]))
      if (action === undefined) return
      // Space and arrows would scroll as well.
      event.preventDefault()
      perform(action, controller.current, video.current)
      // Shows the controls for a while, as a key inside the player would.
      controller.current.dispatchEvent(new Event('keyup'))
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [controller, video])
}

function focusOf(target: EventTarget | undefined): Focus {
  if (!(target instanceof Element)) return 'other'
  if (target.matches('input[type=range]')) return 'slider'
  if (target.matches('input, textarea, select, [contenteditable]')) return 'text'
  return target.closest('button, a, summary, [role=button]') ? 'button' : 'other'
}

function perform(action: KeyAction, controller: HTMLElement, video: HTMLVideoElement): void {
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
