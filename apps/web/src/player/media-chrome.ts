// The media-chrome elements that the player uses; all of them would be three times as large.
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
  /** Seconds from the end within which a viewer counts as live. */
  liveedgeoffset?: number
  /** Seconds from the end where the LIVE button leads. */
  seektoliveoffset?: number
  /** Don't remember that the sound is off: it may be the browser's doing. */
  nomutedpref?: boolean
  /** The keys of the whole page are in use-keys.ts. */
  nohotkeys?: boolean
  /** A viewer who pauses wants to go on where he paused. */
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
