// The page for an address that is none of the other pages.
import { TEXTS } from './texts/texts.ts'
import { Message } from './ui/message.tsx'

export function NotFoundPage() {
  return (
    <Message page title={TEXTS.notFound.title} text={TEXTS.notFound.text}>
      <a class="button" href="/">
        {TEXTS.toHome}
      </a>
    </Message>
  )
}
