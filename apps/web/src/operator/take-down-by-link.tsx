// Takes down a stream that is not on air any more: the operator has its link from whoever complained.
import { useState } from 'preact/hooks'
import type { Stream } from '../api/shapes.ts'
import { readStream } from '../api/streams.ts'
import { OPERATOR_TEXTS } from '../texts/operator-texts.ts'
import { TEXTS } from '../texts/texts.ts'
import { StatusBadge } from '../ui/status-badge.tsx'
import { useAction } from '../ui/use-action.ts'
import { TakeDownButton } from './take-down-button.tsx'

export function TakeDownByLink({ token }: { token: string }) {
  const [link, setLink] = useState('')
  const [found, setFound] = useState<Stream>()
  const [removed, setRemoved] = useState(false)
  const find = useAction(
    async () => {
      setFound(undefined)
      setRemoved(false)
      setFound(await readStream(idOf(link), token, new AbortController().signal))
    },
    { stream_not_found: OPERATOR_TEXTS.notFound, not_found: OPERATOR_TEXTS.notFound },
  )
  return (
    <section class="panel" aria-labelledby="by-link-title">
      <h2 id="by-link-title" class="panel-title">
        {OPERATOR_TEXTS.byLink}
      </h2>
      <form
        class="create"
        onSubmit={(event) => {
          event.preventDefault()
          find.run()
        }}
      >
        <div class="field">
          <label for="link">{OPERATOR_TEXTS.byLinkLabel}</label>
          <input
            id="link"
            value={link}
            required
            autocomplete="off"
            aria-describedby="link-hint"
            onInput={(event) => setLink(event.currentTarget.value)}
          />
          <small id="link-hint" class="muted">
            {OPERATOR_TEXTS.byLinkHint}
          </small>
        </div>
        <button type="submit" class="button quiet" aria-disabled={find.busy}>
          {find.busy ? OPERATOR_TEXTS.finding : OPERATOR_TEXTS.find}
        </button>
      </form>
      <p class="failure" role="alert">
        {find.failure}
      </p>
      <div role="status">
        {removed && <p>{OPERATOR_TEXTS.removed}</p>}
        {found && (
          <p>
            <StatusBadge status={found.status} /> {found.title ?? TEXTS.untitled}
          </p>
        )}
      </div>
      {found && (
        <TakeDownButton
          key={found.id}
          id={found.id}
          token={token}
          onDone={() => {
            setFound(undefined)
            setRemoved(true)
          }}
        />
      )}
    </section>
  )
}

/** The last part of a link such as https://example.org/watch/<id>?from=mail, or the text itself. */
function idOf(text: string): string {
  return /([a-z0-9]+)\/?(?:[?#].*)?$/.exec(text.trim())?.[1] ?? text.trim()
}
