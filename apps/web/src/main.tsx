// The page's entry point: renders the page that the address asks for.
//
// Imports run in one direction. Each folder may import only from the folders behind its name:
//
//   api      none (types of the API and the names of its events come from apps/control)
//   texts    api
//   streams  api
//   ui       api, texts
//   player   api, texts, ui
//   home     api, texts, ui
//   watch    api, texts, ui, streams, player
//   studio   api, texts, ui, streams, player
//   operator api, texts, ui
//
// main.tsx and not-found-page.tsx may import from all of them, and no folder may import from these two.
import { render } from 'preact'
import { HomePage } from './home/home-page.tsx'
import { NotFoundPage } from './not-found-page.tsx'
import { OperatorPage } from './operator/operator-page.tsx'
import { StudioPage } from './studio/studio-page.tsx'
import { PageShell } from './ui/page-shell.tsx'
import { WatchPage } from './watch/watch-page.tsx'

function Page({ path }: { path: string }) {
  const watchedId = /^\/watch\/([^/]+)\/?$/.exec(path)?.[1]
  if (watchedId !== undefined) return <WatchPage id={watchedId} />
  if (/^\/studio\/?$/.test(path)) return <StudioPage />
  if (/^\/operator\/?$/.test(path)) return <OperatorPage />
  if (path === '/' || path === '/index.html') return <HomePage />
  return <NotFoundPage />
}

const path = location.pathname
const root = document.getElementById('app')
if (root) {
  render(
    <PageShell path={path}>
      <Page path={path} />
    </PageShell>,
    root,
  )
}
