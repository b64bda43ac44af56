// Registers the media-chrome elements that the player uses; importing all would be three times as large.
import './csp-styles.ts'
import 'media-chrome/dist/media-captions-button.js'
import 'media-chrome/dist/media-control-bar.js'
import 'media-chrome/dist/media-controller.js'
import 'media-chrome/dist/media-fullscreen-button.js'
import 'media-chrome/dist/media-live-button.js'
import 'media-chrome/dist/media-loading-indicator.js'
import 'media-chrome/dist/media-mute-button.js'
import 'media-chrome/dist/media-pip-button.js'
import 'media-chrome/dist/media-play-button.js'
import 'media-chrome/dist/media-time-range.js'
import 'media-chrome/dist/media-volume-range.js'
import type { HTMLAttributes, Ref } from 'preact'

type MediaElement = HTMLAttributes<HTMLElement> & { slot?: string; ref?: Ref<HTMLElement> }

interface ControllerAttributes extends MediaElement {
  /** A viewer at most this many seconds behind the newest position counts as live. */
  liveedgeoffset?: number
  /** The LIVE button seeks to this many seconds before the newest position. */
  seektoliveoffset?: number
  /** Do not remember the muted state: the browser may have refused autoplay with sound. */
  nomutedpref?: boolean
  /** The shortcuts work on the whole page, see use-shortcuts.ts. */
  nohotkeys?: boolean
  /** After a pause, continue where the viewer paused. */
  noautoseektolive?: boolean
}

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'media-controller': ControllerAttributes
      'media-captions-button': MediaElement
      'media-control-bar': MediaElement
      'media-fullscreen-button': MediaElement
      'media-live-button': MediaElement
      'media-loading-indicator': MediaElement & { noautohide?: boolean }
      'media-mute-button': MediaElement
      'media-pip-button': MediaElement
      'media-play-button': MediaElement
      'media-time-range': MediaElement
      'media-volume-range': MediaElement
    }
  }
}
