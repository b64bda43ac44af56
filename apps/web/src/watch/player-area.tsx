// The player area: the player once there is video, and a message before that.
import { reachableHttpUrl } from '../api/reachable-url.ts'
import type { Stream } from '../api/shapes.ts'
import type { Player as PlayerType } from '../player/player.tsx'
import { TEXTS } from '../texts/texts.ts'
import { formatDuration } from '../ui/format-duration.ts'
import type { Lazy } from '../ui/use-lazy.ts'
import { EndScreen } from './end-screen.tsx'
import type { PlayerAreaMode } from './player-area-mode.ts'

export interface PlayerAreaProps {
  readonly stream: Stream
  readonly player: Lazy<typeof PlayerType>
  readonly mode: PlayerAreaMode
  readonly onWatchRecording: () => void
}

export function PlayerArea({ stream, player: Player, mode, onWatchRecording }: PlayerAreaProps) {
  if (mode === 'message') return <PlayerAreaMessage stream={stream} onWatchRecording={onWatchRecording} />
  if (Player === undefined) return null
  if (Player === 'failed') return <p class="player-message">{TEXTS.watch.playerFailed}</p>
  const { recording, playback } = stream
  const title = stream.title ?? TEXTS.untitled
  if (mode === 'recording' && recording?.playback.hls) {
    const poster = recording.poster === null ? undefined : reachableHttpUrl(recording.poster)
    return (
      <Player
        key="recording"
        url={reachableHttpUrl(recording.playback.hls)}
        title={title}
        status="recorded"
        poster={poster}
      />
    )
  }
  return (
    <Player
      key="live"
      url={reachableHttpUrl(playback.hls)}
      title={title}
      status={stream.status}
      endScreen={
        <EndScreen stream={stream} text={TEXTS.watch.endedText} onWatchRecording={onWatchRecording} />
      }
    />
  )
}

function PlayerAreaMessage({
  stream,
  onWatchRecording,
}: Pick<PlayerAreaProps, 'stream' | 'onWatchRecording'>) {
  if (stream.status === 'ended') {
    return (
      <div class="player-message" role="status">
        <EndScreen stream={stream} text={endedText(stream)} onWatchRecording={onWatchRecording} />
      </div>
    )
  }
  const { title, text } = waitingTexts(stream.status)
  return (
    <div class="player-message" role="status">
      <span class="pulse" aria-hidden="true" />
      <p class="player-message-title">{title}</p>
      <p>{text}</p>
    </div>
  )
}

function endedText({ liveAt, endedAt }: Stream): string {
  if (liveAt === null) return TEXTS.watch.neverLiveText
  return TEXTS.watch.lasted(formatDuration(Date.parse(endedAt ?? liveAt) - Date.parse(liveAt)))
}

function waitingTexts(status: Exclude<Stream['status'], 'ended'>): { title: string; text: string } {
  const { watch } = TEXTS
  switch (status) {
    case 'waiting':
      return { title: watch.waitingTitle, text: watch.waitingText }
    case 'connecting':
    case 'live':
      return { title: watch.connectingTitle, text: watch.connectingText }
    case 'reconnecting':
      // The connection was lost before any video arrived.
      return { title: watch.waitingTitle, text: watch.reconnecting }
    default:
      return status satisfies never
  }
}
