// One live stream in the list: its thumbnail, status, time on air, title and viewers.
import type { Stream } from '../api/shapes.ts'
import { TEXTS } from '../texts/texts.ts'
import play from '../ui/icons/play.svg'
import { StatusBadge } from '../ui/status-badge.tsx'
import { TimeOnAir } from '../ui/time-on-air.tsx'
import { ViewerCount } from '../ui/viewer-count.tsx'
import { Thumbnail } from './thumbnail.tsx'

export function StreamCard({ stream }: { stream: Stream }) {
  return (
    <li class="card">
      <a href={`/watch/${stream.id}`}>
        <div class={`card-image card-image-${stream.status}`}>
          <img src={play} alt="" width="56" height="56" />
          <Thumbnail id={stream.id} live={stream.status === 'live'} />
          <StatusBadge status={stream.status} />
          {stream.liveAt !== null && <TimeOnAir liveAt={stream.liveAt} label={TEXTS.onAir} />}
        </div>
        <h2>{stream.title ?? TEXTS.untitled}</h2>
        <p class="muted">
          {stream.status === 'reconnecting' ? (
            TEXTS.home.reconnecting
          ) : (
            <ViewerCount viewers={stream.viewers} />
          )}
        </p>
      </a>
    </li>
  )
}
