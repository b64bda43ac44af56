// The home page, `/`: a card for each stream on air, then a card for each recording. Events keep it current.
import { TEXTS } from '../texts/texts.ts'
import { ConnectionNotice } from '../ui/connection-notice.tsx'
import { useDocumentTitle } from '../ui/document-title.ts'
import { Message } from '../ui/message.tsx'
import { RecordingList } from './recording-list.tsx'
import { StreamCard } from './stream-card.tsx'
import { useHome } from './use-home.ts'

export function HomePage() {
  const { home, connected, showOlder } = useHome()
  useDocumentTitle('')
  const streams = home?.streams
  return (
    <>
      <div class="page-head">
        <h1>{TEXTS.home.title}</h1>
        <p class="muted" role="status">
          {streams !== undefined && streams.length > 0 && TEXTS.home.count(streams.length)}
        </p>
      </div>
      <ConnectionNotice connected={connected} />
      {streams === undefined && <p class="muted delayed">{TEXTS.loading}</p>}
      {streams?.length === 0 && (
        <Message title={TEXTS.home.emptyTitle} text={TEXTS.home.emptyText}>
          <a class="button" href="/studio">
            {TEXTS.home.emptyAction}
          </a>
        </Message>
      )}
      <ul class="cards">
        {streams?.map((stream) => (
          <StreamCard key={stream.id} stream={stream} />
        ))}
      </ul>
      {home !== undefined && home.recordings.length > 0 && (
        <RecordingList
          recordings={home.recordings}
          showOlder={home.olderCursor === null ? undefined : showOlder}
        />
      )}
    </>
  )
}
