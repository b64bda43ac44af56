// Shows the stream's current status, what it means, and advice.
import type { Stream } from '../api/shapes.ts'
import {
  AFTER_END,
  END_REASONS,
  KEY_EXPIRED_TITLE,
  STUDIO_STATUS,
  STUDIO_TEXTS,
} from '../texts/studio-texts.ts'
import { TEXTS } from '../texts/texts.ts'
import { StatusBadge } from '../ui/status-badge.tsx'
import { TimeOnAir } from '../ui/time-on-air.tsx'

export interface StatusLineProps {
  readonly stream: Stream | undefined
  readonly missing: boolean
  /** The figures of the limit that ended the stream. */
  readonly endDetail: string | undefined
  readonly deleted: boolean
  /** What to do about a problem. */
  readonly advice: string | undefined
}

export function StatusLine({ stream, missing, deleted, endDetail, advice }: StatusLineProps) {
  const onAir = !missing && (stream?.status === 'live' || stream?.status === 'reconnecting')
  return (
    <section class={`panel status status-${missing ? 'unknown' : (stream?.status ?? 'unknown')}`}>
      {onAir && stream.liveAt !== null && (
        <span class="status-time">
          <TimeOnAir liveAt={stream.liveAt} label={STUDIO_TEXTS.onAir} />
        </span>
      )}
      <div role="status">
        {missing && <p class="status-title">{deleted ? STUDIO_TEXTS.deleted : STUDIO_TEXTS.missing}</p>}
        {!missing && stream === undefined && <p class="muted">{TEXTS.loading}</p>}
        {!missing && stream && (
          <>
            <StatusBadge status={stream.status} />
            <p class="status-title">{statusTitle(stream)}</p>
            {/* "Viewers can watch now" is wrong while there is advice about a codec that they can't play. */}
            {(stream.status !== 'live' || advice === undefined) && (
              <p class="muted">{statusText(stream, endDetail)}</p>
            )}
            {advice !== undefined && <p class="advice">{advice}</p>}
          </>
        )}
      </div>
    </section>
  )
}

function statusTitle({ status, endReason }: Stream): string {
  return endReason === 'key_expired' ? KEY_EXPIRED_TITLE : STUDIO_STATUS[status].title
}

function statusText({ status, endReason }: Stream, endDetail: string | undefined): string {
  if (status !== 'ended' || endReason === null) return STUDIO_STATUS[status].text
  return [endDetail ?? END_REASONS[endReason], AFTER_END[endReason] ?? ''].join(' ').trim()
}
