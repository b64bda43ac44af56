// A page or a place that has one thing to say, with a way on.
import type { ComponentChildren } from 'preact'

export interface MessageProps {
  readonly title: string
  readonly text?: string | undefined
  /** It is all there is on the page. */
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
