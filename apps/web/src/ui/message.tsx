// A message that fills a page or a section, with a link or button below it.
import type { ComponentChildren } from 'preact'

export interface MessageProps {
  readonly title: string
  readonly text?: string | undefined
  /** Whether the message is the whole page; its title is then the page's heading. */
  readonly page?: boolean
  readonly children?: ComponentChildren
}

export function Message({ title, text, page, children }: MessageProps) {
  return (
    <div class="message">
      {page ? <h1>{title}</h1> : <h2>{title}</h2>}
      {text && <p>{text}</p>}
      {children}
    </div>
  )
}
