// A stream's status as a coloured label. It has text because colour alone is not accessible.
import type { Stream } from '../api/shapes.ts'
import { STATUS_TEXTS } from '../texts/texts.ts'

export function StatusBadge({ status }: { status: Stream['status'] }) {
  return <span class={`badge badge-${status}`}>{STATUS_TEXTS[status]}</span>
}
