// The place of the picture: the player once there is something to play, until then words.
import { hereUrl } from '../api/reachable.ts'
import type { Stream } from '../api/shapes.ts'
import type { Player as PlayerType } from '../player/player.tsx'
import { TEXTS } from '../texts.ts'
import { formatDuration } from '../ui/duration.ts'
import type { Loaded } from '../ui/use-loaded.ts'
import { Afterwards } from './afterwards.tsx'
import type { StageMode } from './stage-mode.ts'

export interface StageProps {
  readonly stream: Stream
  readonly player: Loaded<typeof PlayerType>
  readonly mode: StageMode
  readonly onReplay: () => void
}

export function Stage({ stream, player: Player, mode, onReplay }: StageProps) {
  if (mode === 'words') return <StageWords stream={stream} onReplay={onReplay} />
  if (Player === undefined) return null
  if (Player === 'failed') return <p class="stage-text">{TEXTS.watch.playerFailed}</p>
  const { recording, playback } = stream
  const title = stream.title ?? TEXTS.untitled
  if (mode === 'recording' && recording?.playback.hls) {
    const poster = recording.poster === null ? undefined : hereUrl(recording.poster)
    return (
      <Player
        key="recording"
        url={hereUrl(recording.playback.hls)}
        title={title}
        status="recorded"
        poster={poster}
      />
    )
  }
  return (
    <Player
      key="live"
      url={hereUrl(playback.hls)}
      title={title}
      status={stream.status}
      afterwards={<Afterwards stream={stream} text={TEXTS.watch.endedText} onReplay={onReplay} />}
    />
  )
}

function StageWords({ stream, onReplay }: Pick<StageProps, 'stream' | 'onReplay'>) {
  if (stream.status === 'ended') {
    return (
      <div class="stage-text" role="status">
        <Afterwards stream={stream} text={endedText(stream)} onReplay={onReplay} />
      </div>
    )
  }
  const { title, text } = waitingWords(stream.status)
  return (
    <div class="stage-text" role="status">
      <span class="pulse" aria-hidden="true" />
      <p class="stage-title">{title}</p>
      <p>{text}</p>
    </div>
  )
}

function endedText({ liveAt, endedAt }: Stream): string {
  if (liveAt === null) return TEXTS.watch.neverLiveText
  return TEXTS.watch.lasted(formatDuration(Date.parse(endedAt ?? liveAt) - Date.parse(liveAt)))
}

function waitingWords(status: Exclude<Stream['status'], 'ended'>): { title: string; text: string } {
  const { watch } = TEXTS
  switch (status) {
    case 'waiting':
      return { title: watch.waitingTitle, text: watch.waitingText }
    case 'connecting':
    case 'live':
      return { title: watch.connectingTitle, text: watch.connectingText }
    case 'reconnecting':
      // Lost before the first picture.
      return { title: watch.waitingTitle, text: watch.reconnecting }
    default:
      return status satisfies never
  }
}
