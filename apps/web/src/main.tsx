// The page's entry: which of the three pages the address asks for.
import { render } from 'preact'
import { LivePage } from './live/live-page.tsx'
import { NotFoundPage } from './live/not-found-page.tsx'
import { StudioPage } from './studio/studio-page.tsx'
import { Shell } from './ui/shell.tsx'
import { WatchPage } from './watch/watch-page.tsx'

function Page({ path }: { path: string }) {
  const watched = /^\/watch\/([^/]+)\/?$/.exec(path)?.[1]
  if (watched !== undefined) return <WatchPage id={watched} />
  if (/^\/studio\/?$/.test(path)) return <StudioPage />
  if (path === '/' || path === '/index.html') return <LivePage />
  return <NotFoundPage />
}

const path = location.pathname
const root = document.getElementById('app')
if (root) {
  render(
    <Shell path={path}>
      <Page path={path} />
    </Shell>,
    root,
  )
}
