// Tells the streamer that the newest try to publish went wrong: when, from where, and what to do.
import type { Attempt, Stream } from '../api/shapes.ts'
import { ATTEMPT_TEXTS } from '../texts/attempt-texts.ts'
import { useNow } from '../ui/use-now.ts'
import { attemptNotice } from './attempt-notice.ts'

export interface AttemptPanelProps {
  /** Newest first. */
  readonly attempts: readonly Attempt[]
  readonly endReason: Stream['endReason']
}

export function AttemptPanel({ attempts, endReason }: AttemptPanelProps) {
  const notice = attemptNotice(attempts, endReason, useNow())
  if (notice === undefined) return null
  return (
    <section class="panel attempt" aria-label={ATTEMPT_TEXTS.title}>
      <p>
        <strong>{notice.text}</strong> <span class="muted">{notice.from}</span>
      </p>
      <p>{notice.advice}</p>
    </section>
  )
}
