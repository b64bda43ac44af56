// After the end: the same again in one click, or from the form.
import { useCall } from '../ui/use-call.ts'
import { createSession, knownToken } from './create-call.ts'
import type { StreamDeskProps } from './stream-desk.tsx'
import { STUDIO_TEXTS, TOKEN_TEXTS } from './studio-texts.ts'

export function NextStream({ session, onChange }: StreamDeskProps) {
  const again = useCall(
    async () => onChange(await createSession(session.title ?? '', session.record, knownToken())),
    { unauthorized: TOKEN_TEXTS.missing },
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
