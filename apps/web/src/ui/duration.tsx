// A duration, readable for people and for machines.
import { formatDuration, isoDuration } from './format-duration.ts'

/** @param label what the duration is, for screen readers */
export function Duration({ ms, label }: { ms: number; label: string }) {
  return (
    <>
      <span class="visually-hidden">{label} </span>
      <time dateTime={isoDuration(ms)}>{formatDuration(ms)}</time>
    </>
  )
}
