// The tab's title follows what the page shows.
import { useEffect } from 'preact/hooks'
import { TEXTS } from '../texts.ts'

export function useDocumentTitle(title: string): void {
  useEffect(() => {
    document.title = title === '' ? TEXTS.name : `${title} · ${TEXTS.name}`
  }, [title])
}
