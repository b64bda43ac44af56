// Keeps the title of the browser tab up to date.
import { useEffect } from 'preact/hooks'
import { TEXTS } from '../texts/texts.ts'

export function useDocumentTitle(title: string): void {
  useEffect(() => {
    document.title = title === '' ? TEXTS.name : `${title} · ${TEXTS.name}`
  }, [title])
}
