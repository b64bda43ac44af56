// Shows the server and the stream key for the encoder, and how long the key can still start the stream.
import { useState } from 'preact/hooks'
import { STUDIO_TEXTS } from '../texts/studio-texts.ts'
import { ConfirmButton, type ConfirmTexts } from '../ui/confirm-button.tsx'
import { CopyButton } from '../ui/copy-button.tsx'
import { formatDuration } from '../ui/format-duration.ts'
import { useAction } from '../ui/use-action.ts'
import { useNow } from '../ui/use-now.ts'

const SHOWN = { type: 'text' } as const
const HIDDEN = { type: 'password' } as const

/** For a stream that is on air: its encoder has the old key. */
const ROTATE: ConfirmTexts = {
  label: STUDIO_TEXTS.rotateLive,
  title: STUDIO_TEXTS.rotateLiveTitle,
  text: STUDIO_TEXTS.rotateLiveText,
  cancel: STUDIO_TEXTS.rotateLiveCancel,
  confirm: STUDIO_TEXTS.rotateLive,
  busy: STUDIO_TEXTS.rotating,
}

export interface KeyPanelProps {
  readonly ingestUrl: string
  readonly streamKey: string
  readonly expiresAt: string
  /** Nobody has published yet: the key can still expire. */
  readonly waiting: boolean
  readonly onRotate: () => Promise<void>
}

export function KeyPanel({ ingestUrl, streamKey, expiresAt, waiting, onRotate }: KeyPanelProps) {
  const [shown, setShown] = useState(false)
  const rotate = useAction(onRotate)
  return (
    <section class="panel">
      <div class="field">
        <label for="server">{STUDIO_TEXTS.server}</label>
        <div class="value">
          <input id="server" readOnly value={ingestUrl} onFocus={selectAll} />
          <CopyButton text={ingestUrl} what={STUDIO_TEXTS.server} />
        </div>
      </div>
      <div class="field">
        <label for="key">{STUDIO_TEXTS.key}</label>
        <div class="value">
          <input
            id="key"
            {...(shown ? SHOWN : HIDDEN)}
            readOnly
            value={streamKey}
            autocomplete="off"
            aria-describedby="key-hint"
            onFocus={selectAll}
          />
          <button type="button" class="button quiet" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? STUDIO_TEXTS.hide : STUDIO_TEXTS.reveal}
          </button>
          <CopyButton text={streamKey} what={STUDIO_TEXTS.key} />
        </div>
        <small id="key-hint" class="muted">
          {STUDIO_TEXTS.keyHint}
        </small>
      </div>
      {waiting ? (
        <div class="key-expiry">
          <Countdown expiresAt={expiresAt} />
          <button type="button" class="button quiet" aria-disabled={rotate.busy} onClick={rotate.run}>
            {STUDIO_TEXTS.rotate}
          </button>
        </div>
      ) : (
        <div class="key-expiry">
          <p class="muted">{STUDIO_TEXTS.keyUsed}</p>
          <ConfirmButton texts={ROTATE} action={onRotate} />
        </div>
      )}
      <p class="failure" role="alert">
        {rotate.failure}
      </p>
    </section>
  )
}

function Countdown({ expiresAt }: { expiresAt: string }) {
  const left = Date.parse(expiresAt) - useNow()
  return <p class={left < 60_000 ? 'urgent' : undefined}>{STUDIO_TEXTS.keyLeft(formatDuration(left))}</p>
}

function selectAll(event: { readonly currentTarget: HTMLInputElement }): void {
  event.currentTarget.select()
}
