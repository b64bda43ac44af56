// The watch page, `/watch/<id>`: waits for the stream, plays it, shows its status, and plays its recording.
import { useStream } from '../streams/use-stream.ts'
import { TEXTS } from '../texts/texts.ts'
import { ConnectionNotice } from '../ui/connection-notice.tsx'
import { useDocumentTitle } from '../ui/document-title.ts'
import { Message } from '../ui/message.tsx'
import { Mp4Link } from '../ui/mp4-link.tsx'
import { RecordingLossNote } from '../ui/recording-loss-note.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { TimeOnAir } from '../ui/time-on-air.tsx'
import { useLazy } from '../ui/use-lazy.ts'
import { ViewerCount } from '../ui/viewer-count.tsx'
import { PlayerArea } from './player-area.tsx'
import { isOnAir, usePlayerAreaMode } from './player-area-mode.ts'
import { RecordingDetails } from './recording-details.tsx'
import { ShortcutHelp } from './shortcut-help.tsx'

export function WatchPage({ id }: { id: string }) {
  const { stream, missing, deleted, connected } = useStream(id, { viewer: true })
  const player = useLazy(loadPlayer)
  const [mode, onWatchRecording] = usePlayerAreaMode(stream)
  const recording = stream?.status === 'ended' && mode !== 'live' ? stream.recording : null
  useDocumentTitle(stream && !deleted ? (stream.title ?? TEXTS.untitled) : '')
  if (missing) {
    const { watch } = TEXTS
    return (
      <div role="status">
        <Message
          page
          title={deleted ? watch.removedTitle : watch.missingTitle}
          text={deleted ? watch.removedText : watch.missingText}
        >
          <a class="button" href="/">
            {TEXTS.toHome}
          </a>
        </Message>
      </div>
    )
  }
  return (
    <article class="watch">
      <div class="player-area">
        {stream && (
          <PlayerArea stream={stream} player={player} mode={mode} onWatchRecording={onWatchRecording} />
        )}
      </div>
      <ConnectionNotice connected={connected} />
      {stream && (
        <div class="watch-head">
          <h1>{stream.title ?? TEXTS.untitled}</h1>
          <p class="watch-details">
            <StatusBadge status={stream.status} />
            {stream.liveAt !== null && isOnAir(stream) && (
              <TimeOnAir liveAt={stream.liveAt} label={TEXTS.onAir} />
            )}
            {isOnAir(stream) && <ViewerCount viewers={stream.viewers} />}
            {recording && <RecordingDetails recording={recording} />}
          </p>
          {recording && <Mp4Link recording={recording} />}
          {recording && <RecordingLossNote recording={recording} />}
          {mode !== 'message' && <ShortcutHelp />}
        </div>
      )}
    </article>
  )
}

/** Loaded separately because it is nine tenths of the script. */
const loadPlayer = () => import('../player/player.tsx').then((module) => module.Player)
