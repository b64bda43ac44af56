// Where the stream stands, moving by itself.
import type { Stream } from '../api/shapes.ts'
import { TEXTS } from '../texts.ts'
import { StatusBadge } from '../ui/status-badge.tsx'
import { TimeOnAir } from '../ui/time-on-air.tsx'
import { END_REASONS, NEVER_STARTED, STUDIO_STATUS, STUDIO_TEXTS } from './studio-texts.ts'

export interface StatusLineProps {
  readonly stream: Stream | undefined
  readonly missing: boolean
  /** What to do, since it has stayed like this for long. */
  readonly advice: string | undefined
}

export function StatusLine({ stream, missing, advice }: StatusLineProps) {
  const onAir = stream?.status === 'live' || stream?.status === 'reconnecting'
  return (
    <section class={`panel status status-${stream?.status ?? 'unknown'}`}>
      {onAir && stream.liveAt !== null && (
        <span class="status-time">
          <TimeOnAir liveAt={stream.liveAt} label={STUDIO_TEXTS.onAir} />
        </span>
      )}
      <div role="status">
        {missing && <p class="status-title">{STUDIO_TEXTS.gone}</p>}
        {!missing && stream === undefined && <p class="muted">{TEXTS.loading}</p>}
        {!missing && stream && (
          <>
            <StatusBadge status={stream.status} />
            <p class="status-title">{statusTitle(stream)}</p>
            {/* That viewers can watch is not true while they see or hear nothing. */}
            {(stream.status !== 'live' || advice === undefined) && <p class="muted">{statusText(stream)}</p>}
            {advice !== undefined && <p class="advice">{advice}</p>}
          </>
        )}
      </div>
    </section>
  )
}

function statusTitle({ status, endReason }: Stream): string {
  return endReason === 'key_expired' ? NEVER_STARTED : STUDIO_STATUS[status].title
}

function statusText({ status, endReason }: Stream): string {
  return status === 'ended' && endReason !== null ? END_REASONS[endReason] : STUDIO_STATUS[status].text
}
