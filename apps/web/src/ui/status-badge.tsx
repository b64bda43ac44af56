// A stream's status as a small coloured word. The word says it too: colour alone is not enough.
import type { Stream } from '../api/shapes.ts'
import { STATUS_TEXTS } from '../texts.ts'

export function StatusBadge({ status }: { status: Stream['status'] }) {
  return <span class={`badge badge-${status}`}>{STATUS_TEXTS[status]}</span>
}
