// Ends the stream, after asking: it can't be undone.
import { useRef } from 'preact/hooks'
import { endStream } from '../api/streams.ts'
import { STUDIO_TEXTS } from './studio-texts.ts'
import { useCall } from './use-call.ts'

export interface EndStreamProps {
  readonly id: string
  readonly streamKey: string
  readonly label: string
}

export function EndStream({ id, streamKey, label }: EndStreamProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const end = useCall(async () => {
    // The page itself moves on by the event that follows.
    await endStream(id, streamKey)
    dialog.current?.close()
  })
  return (
    <div class="end">
      <button type="button" class="button danger-quiet" onClick={() => dialog.current?.showModal()}>
        {label}
      </button>
      <dialog ref={dialog} aria-labelledby="end-title">
        <h2 id="end-title">{STUDIO_TEXTS.endTitle}</h2>
        <p>{STUDIO_TEXTS.endText}</p>
        <p class="failure" role="alert">
          {end.failure}
        </p>
        <div class="buttons">
          <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
            {STUDIO_TEXTS.endCancel}
          </button>
          <button type="button" class="button danger" aria-disabled={end.busy} onClick={end.run}>
            {end.busy ? STUDIO_TEXTS.ending : STUDIO_TEXTS.endConfirm}
          </button>
        </div>
      </dialog>
    </div>
  )
}
