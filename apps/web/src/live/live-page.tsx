// `/`: a card for each stream that is on air and below one for each recording, as the events come.
import { useHome } from '../streams/use-home.ts'
import { TEXTS } from '../texts.ts'
import { useDocumentTitle } from '../ui/document-title.ts'
import { LostNotice } from '../ui/lost-notice.tsx'
import { Message } from '../ui/message.tsx'
import { RecordingList } from './recording-list.tsx'
import { StreamCard } from './stream-card.tsx'

export function LivePage() {
  const { home, connected, showOlder } = useHome()
  useDocumentTitle('')
  const streams = home?.streams
  return (
    <>
      <div class="page-head">
        <h1>{TEXTS.live.title}</h1>
        <p class="muted" role="status">
          {streams !== undefined && streams.length > 0 && TEXTS.live.count(streams.length)}
        </p>
      </div>
      <LostNotice connected={connected} />
      {streams === undefined && <p class="muted late">{TEXTS.loading}</p>}
      {streams?.length === 0 && (
        <Message title={TEXTS.live.emptyTitle} text={TEXTS.live.emptyText}>
          <a class="button" href="/studio">
            {TEXTS.live.emptyAction}
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
          showOlder={home.olderFrom === null ? undefined : showOlder}
        />
      )}
    </>
  )
}
