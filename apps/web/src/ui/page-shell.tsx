// The frame around every page: the skip link and the header with its navigation.
import type { ComponentChildren } from 'preact'
import { TEXTS } from '../texts/texts.ts'
import icon from './icons/icon.svg'

export function PageShell({ path, children }: { path: string; children: ComponentChildren }) {
  const studio = path.startsWith('/studio')
  return (
    <>
      <a class="skip" href="#content">
        {TEXTS.skip}
      </a>
      <header class="top">
        <a class="brand" href="/">
          <img src={icon} alt="" width="28" height="28" />
          {TEXTS.name}
        </a>
        <nav aria-label={TEXTS.navigation}>
          <a href="/" aria-current={path === '/' ? 'page' : undefined}>
            {TEXTS.navHome}
          </a>
          <a href="/studio" aria-current={studio ? 'page' : undefined}>
            {TEXTS.navStudio}
          </a>
        </nav>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  )
}
