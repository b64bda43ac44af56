// An address that is none of the three pages.
import { TEXTS } from '../texts.ts'
import { Message } from '../ui/message.tsx'

export function NotFoundPage() {
  return (
    <Message page title={TEXTS.notFound.title} text={TEXTS.notFound.text}>
      <a class="button" href="/">
        {TEXTS.notFound.back}
      </a>
    </Message>
  )
}
