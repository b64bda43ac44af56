// The start: a title, whether to record, one button.
import { useState } from 'preact/hooks'
import { createStream } from '../api/streams.ts'
import { type StudioSession, toSession } from './session.ts'
import { CREATE_FAILURES, STUDIO_TEXTS } from './studio-texts.ts'
import { useCall } from './use-call.ts'

/** Of the contract. The browser counts UTF-16 units, so that at most it stops a little early. */
const TITLE_LENGTH = 120

export function CreateForm({ onCreated }: { onCreated: (session: StudioSession) => void }) {
  const [title, setTitle] = useState('')
  const [record, setRecord] = useState(false)
  const create = useCall(async () => onCreated(toSession(await createStream(title, record))), CREATE_FAILURES)
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
      <button type="submit" class="button" aria-disabled={create.busy}>
        {create.busy ? STUDIO_TEXTS.creating : STUDIO_TEXTS.create}
      </button>
      <p class="failure" role="alert">
        {create.failure}
      </p>
    </form>
  )
}
