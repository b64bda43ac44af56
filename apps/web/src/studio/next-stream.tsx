// After the end of a stream: creates a new one with the same title, or returns to the form.
import { STUDIO_TEXTS, TOKEN_TEXTS } from '../texts/studio-texts.ts'
import { useAction } from '../ui/use-action.ts'
import { createWithToken, lastToken } from './create-with-token.ts'
import type { SavedStream } from './saved-stream.ts'

export interface NextStreamProps {
  /** The stream that has ended. */
  readonly saved: SavedStream
  /** Undefined: return to the form. */
  readonly onChange: (saved: SavedStream | undefined) => void
}

export function NextStream({ saved, onChange }: NextStreamProps) {
  const sameAgain = useAction(
    async () => onChange(await createWithToken(saved.title ?? '', saved.record, lastToken())),
    { unauthorized: TOKEN_TEXTS.missing },
  )
  return (
    <div class="next">
      <div class="buttons">
        <button type="button" class="button" aria-disabled={sameAgain.busy} onClick={sameAgain.run}>
          {STUDIO_TEXTS.sameAgain}
        </button>
        <button type="button" class="button quiet" onClick={() => onChange(undefined)}>
          {STUDIO_TEXTS.newStream}
        </button>
      </div>
      <p class="failure" role="alert">
        {sameAgain.failure}
      </p>
    </div>
  )
}
