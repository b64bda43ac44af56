// A duration in words and for machines.
import { formatDuration, isoDuration } from './duration.ts'

/** @param label what it is, for who can't see where it stands */
export function Duration({ ms, label }: { ms: number; label: string }) {
  return (
    <>
      <span class="visually-hidden">{label} </span>
      <time dateTime={isoDuration(ms)}>{formatDuration(ms)}</time>
    </>
  )
}
