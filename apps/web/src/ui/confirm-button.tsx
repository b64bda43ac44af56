// A button for an action that can't be undone. It asks for confirmation in a dialog first.
import { useId, useRef } from 'preact/hooks'
import { useAction } from './use-action.ts'

export interface ConfirmTexts {
  readonly label: string
  readonly title: string
  readonly text: string
  readonly cancel: string
  readonly confirm: string
  readonly busy: string
}

export function ConfirmButton({ texts, action }: { texts: ConfirmTexts; action: () => Promise<void> }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  const confirmed = useAction(async () => {
    await action()
    dialog.current?.close()
  })
  return (
    <div>
      <button type="button" class="button danger-quiet" onClick={() => dialog.current?.showModal()}>
        {texts.label}
      </button>
      <dialog ref={dialog} aria-labelledby={titleId}>
        <h2 id={titleId}>{texts.title}</h2>
        <p>{texts.text}</p>
        <p class="failure" role="alert">
          {confirmed.failure}
        </p>
        <div class="buttons">
          <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
            {texts.cancel}
          </button>
          <button type="button" class="button danger" aria-disabled={confirmed.busy} onClick={confirmed.run}>
            {confirmed.busy ? texts.busy : texts.confirm}
          </button>
        </div>
      </dialog>
    </div>
  )
}
