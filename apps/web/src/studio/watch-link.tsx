// The address for the viewers. It works before the stream does: the watch page waits.
import { CopyButton } from '../ui/copy-button.tsx'
import { STUDIO_TEXTS } from './studio-texts.ts'

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
