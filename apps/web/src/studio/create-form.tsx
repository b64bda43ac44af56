// The start: a title, whether to record, one button; and an API token where the server asks for one.
import { useState } from 'preact/hooks'
import { useCall } from '../ui/use-call.ts'
import { createSession, knownToken, wantsToken } from './create-call.ts'
import type { StudioSession } from './session.ts'
import { STUDIO_TEXTS, TOKEN_TEXTS } from './studio-texts.ts'
import { TokenField } from './token-field.tsx'

/** Of the contract. The browser counts UTF-16 units, so that at most it stops a little early. */
const TITLE_LENGTH = 120

export function CreateForm({ onCreated }: { onCreated: (session: StudioSession) => void }) {
  const [title, setTitle] = useState('')
  const [record, setRecord] = useState(false)
  /** Undefined: nobody has asked for one. */
  const [token, setToken] = useState(knownToken)
  const create = useCall(
    async () => {
      try {
        onCreated(await createSession(title, record, token?.trim() || undefined))
      } catch (error) {
        if (!wantsToken(error) || token?.trim()) throw error
        // No failure yet: only now is it known that one is needed.
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
      {token !== undefined && <TokenField token={token} onChange={setToken} />}
      <button type="submit" class="button" aria-disabled={create.busy}>
        {create.busy ? STUDIO_TEXTS.creating : STUDIO_TEXTS.create}
      </button>
      <p class="failure" role="alert">
        {create.failure}
      </p>
    </form>
  )
}
