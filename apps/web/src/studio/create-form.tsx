// The form that creates a stream: title, recording, and an API token if the server requires one.
import { useState } from 'preact/hooks'
import { STUDIO_TEXTS, TOKEN_TEXTS } from '../texts/studio-texts.ts'
import { TokenField } from '../ui/token-field.tsx'
import { useAction } from '../ui/use-action.ts'
import { createWithToken, isTokenRefused, lastToken } from './create-with-token.ts'
import type { SavedStream } from './saved-stream.ts'

/** The API's limit in characters. Browsers count UTF-16 units, so they may stop slightly earlier. */
const TITLE_LENGTH = 120

export function CreateForm({ onCreated }: { onCreated: (saved: SavedStream) => void }) {
  const [title, setTitle] = useState('')
  const [record, setRecord] = useState(false)
  /** Undefined: the server has not asked for one. */
  const [token, setToken] = useState(lastToken)
  const create = useAction(
    async () => {
      try {
        onCreated(await createWithToken(title, record, token?.trim() || undefined))
      } catch (error) {
        if (!isTokenRefused(error) || token?.trim()) throw error
        // Not a failure yet: the server has just asked for a token for the first time.
        setToken('')
      }
    },
    { unauthorized: TOKEN_TEXTS.wrong },
  )
  return (
    <form
      class="panel create"
      onSubmit={(event) => {
        event.preventDefault()
        create.run()
      }}
    >
      <p>{STUDIO_TEXTS.intro}</p>
      <div class="field">
        <label for="title">{STUDIO_TEXTS.titleLabel}</label>
        <input
          id="title"
          type="text"
          value={title}
          maxLength={TITLE_LENGTH}
          autocomplete="off"
          aria-describedby="title-hint"
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
        <small id="title-hint" class="muted">
          {STUDIO_TEXTS.titleHint}
        </small>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={record}
          onChange={(event) => setRecord(event.currentTarget.checked)}
        />
        <span>{STUDIO_TEXTS.recordLabel}</span>
      </label>
      {token !== undefined && (
        <TokenField label={TOKEN_TEXTS.label} hint={TOKEN_TEXTS.hint} token={token} onChange={setToken} />
      )}
      <button type="submit" class="button" aria-disabled={create.busy}>
        {create.busy ? STUDIO_TEXTS.creating : STUDIO_TEXTS.create}
      </button>
      <p class="failure" role="alert">
        {create.failure}
      </p>
    </form>
  )
}
