// `/watch/<id>`: waits for the stream, plays it, says what happens to it, and plays its recording.
import { useOneStream } from '../streams/use-one-stream.ts'
import { TEXTS } from '../texts.ts'
import { useDocumentTitle } from '../ui/document-title.ts'
import { LostNotice } from '../ui/lost-notice.tsx'
import { Message } from '../ui/message.tsx'
import { Mp4Link } from '../ui/mp4-link.tsx'
import { RecordingLossNote } from '../ui/recording-loss-note.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { TimeOnAir } from '../ui/time-on-air.tsx'
import { useLoaded } from '../ui/use-loaded.ts'
import { ViewerCount } from '../ui/viewer-count.tsx'
import { KeyHelp } from './key-help.tsx'
import { RecordingFacts } from './recording-facts.tsx'
import { Stage } from './stage.tsx'
import { isOnAir, useStageMode } from './stage-mode.ts'

export function WatchPage({ id }: { id: string }) {
  const { stream, missing, connected } = useOneStream(id, { viewer: true })
  const player = useLoaded(loadPlayer)
  const [mode, onReplay] = useStageMode(stream)
  const recording = stream?.status === 'ended' && mode !== 'live' ? stream.recording : null
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
      <div class="stage">
        {stream && <Stage stream={stream} player={player} mode={mode} onReplay={onReplay} />}
      </div>
      <LostNotice connected={connected} />
      {stream && (
        <div class="watch-head">
          <h1>{stream.title ?? TEXTS.untitled}</h1>
          <p class="watch-facts">
            <StatusBadge status={stream.status} />
            {stream.liveAt !== null && isOnAir(stream) && (
              <TimeOnAir liveAt={stream.liveAt} label={TEXTS.onAir} />
            )}
            {isOnAir(stream) && <ViewerCount viewers={stream.viewers} />}
            {recording && <RecordingFacts recording={recording} />}
          </p>
          {recording && <Mp4Link recording={recording} />}
          {recording && <RecordingLossNote recording={recording} />}
          {mode !== 'words' && <KeyHelp />}
        </div>
      )}
    </article>
  )
}

/** Nine tenths of the script. */
const loadPlayer = () => import('../player/player.tsx').then((module) => module.Player)
