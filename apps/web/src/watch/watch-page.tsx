// `/watch/<id>`: waits for the stream, plays it, and says what happens to it.
import { useRef } from 'preact/hooks'
import type { Stream } from '../api/shapes.ts'
import { useOneStream } from '../streams/use-one-stream.ts'
import { TEXTS } from '../texts.ts'
import { useDocumentTitle } from '../ui/document-title.ts'
import { LostNotice } from '../ui/lost-notice.tsx'
import { Message } from '../ui/message.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { TimeOnAir } from '../ui/time-on-air.tsx'
import { useLoaded } from '../ui/use-loaded.ts'
import { ViewerCount } from '../ui/viewer-count.tsx'
import { KeyHelp } from './key-help.tsx'
import { Stage } from './stage.tsx'

export function WatchPage({ id }: { id: string }) {
  const { stream, missing, connected } = useOneStream(id, { viewer: true })
  const player = useLoaded(loadPlayer)
  const played = useRef(false)
  if (stream && isPlayable(stream)) played.current = true
  useDocumentTitle(stream ? (stream.title ?? TEXTS.untitled) : '')
  if (missing) {
    return (
      <Message page title={TEXTS.watch.missingTitle} text={TEXTS.watch.missingText}>
        <a class="button" href="/">
          {TEXTS.watch.back}
        </a>
      </Message>
    )
  }
  return (
    <article class="watch">
      <div class="stage">{stream && <Stage stream={stream} player={player} played={played.current} />}</div>
      <LostNotice connected={connected} />
      {stream && (
        <div class="watch-head">
          <h1>{stream.title ?? TEXTS.untitled}</h1>
          <p class="watch-facts">
            <StatusBadge status={stream.status} />
            {stream.liveAt !== null && isPlayable(stream) && (
              <TimeOnAir liveAt={stream.liveAt} label={TEXTS.onAir} />
            )}
            {isPlayable(stream) && <ViewerCount viewers={stream.viewers} />}
          </p>
          {played.current && <KeyHelp />}
        </div>
      )}
    </article>
  )
}

/** Nine tenths of the script. */
const loadPlayer = () => import('../player/player.tsx').then((module) => module.Player)

function isPlayable(stream: Stream): boolean {
  return stream.liveAt !== null && (stream.status === 'live' || stream.status === 'reconnecting')
}
