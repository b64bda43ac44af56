// After the end: the same again in one click, or from the form.
import { createStream } from '../api/streams.ts'
import { toSession } from './session.ts'
import type { StreamDeskProps } from './stream-desk.tsx'
import { CREATE_FAILURES, STUDIO_TEXTS } from './studio-texts.ts'
import { useCall } from './use-call.ts'

export function NextStream({ session, onChange }: StreamDeskProps) {
  const again = useCall(
    async () => onChange(toSession(await createStream(session.title ?? '', session.record))),
    CREATE_FAILURES,
  )
  return (
    <div class="next">
      <div class="buttons">
        <button type="button" class="button" aria-disabled={again.busy} onClick={again.run}>
          {STUDIO_TEXTS.again}
        </button>
        <button type="button" class="button quiet" onClick={() => onChange(undefined)}>
          {STUDIO_TEXTS.fresh}
        </button>
      </div>
      <p class="failure" role="alert">
        {again.failure}
      </p>
    </div>
  )
}
