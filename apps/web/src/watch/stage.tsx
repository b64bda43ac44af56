// The place of the picture: the player once there is something to play, until then words.

import { reachableHttpUrl } from '../api/reachable.ts'
import type { Stream } from '../api/shapes.ts'
import type { Player as PlayerType } from '../player/player.tsx'
import { TEXTS } from '../texts.ts'
import { formatDuration } from '../ui/duration.ts'
import type { Loaded } from '../ui/use-loaded.ts'

export interface StageProps {
  readonly stream: Stream
  readonly player: Loaded<typeof PlayerType>
  /** It was playable while this page was open: then the player stays to the end. */
  readonly played: boolean
}

export function Stage({ stream, player: Player, played }: StageProps) {
  if (!played) return <StageWords stream={stream} />
  if (Player === undefined) return null
  if (Player === 'failed') return <p class="stage-text">{TEXTS.watch.playerFailed}</p>
  return (
    <Player
      url={reachableHttpUrl(stream.playback.hls, location.origin)}
      title={stream.title ?? TEXTS.untitled}
      status={stream.status}
    />
  )
}

function StageWords({ stream }: { stream: Stream }) {
  const { title, text } = words(stream)
  return (
    <div class="stage-text" role="status">
      {stream.status !== 'ended' && <span class="pulse" aria-hidden="true" />}
      <p class="stage-title">{title}</p>
      <p>{text}</p>
      {stream.status === 'ended' && (
        <a class="button" href="/">
          {TEXTS.watch.back}
        </a>
      )}
    </div>
  )
}

function words({ status, liveAt, endedAt }: Stream): { title: string; text: string } {
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
    case 'ended': {
      if (liveAt === null) return { title: watch.neverLiveTitle, text: watch.neverLiveText }
      const ms = Date.parse(endedAt ?? liveAt) - Date.parse(liveAt)
      return { title: watch.endedTitle, text: watch.lasted(formatDuration(ms)) }
    }
    default:
      return status satisfies never
  }
}
