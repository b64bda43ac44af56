// The link for viewers. It works before the stream is live, because the watch page waits for the stream.
import { STUDIO_TEXTS } from '../texts/studio-texts.ts'
import { CopyButton } from '../ui/copy-button.tsx'

export function WatchLink({ id }: { id: string }) {
  const url = `${location.origin}/watch/${id}`
  return (
    <section class="panel">
      <div class="field">
        <label for="watch-link">{STUDIO_TEXTS.watchLink}</label>
        <div class="value">
          <input id="watch-link" readOnly value={url} onFocus={(event) => event.currentTarget.select()} />
          <a class="button quiet" href={url} target="_blank" rel="noopener">
            {STUDIO_TEXTS.open}
          </a>
          <CopyButton text={url} what={STUDIO_TEXTS.watchLink} />
        </div>
      </div>
    </section>
  )
}
