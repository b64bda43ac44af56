// A button for what can't be undone: it asks first.
import { useId, useRef } from 'preact/hooks'
import { useCall } from '../ui/use-call.ts'

export interface ConfirmTexts {
  readonly label: string
  readonly title: string
  readonly text: string
  readonly cancel: string
  readonly confirm: string
  readonly busy: string
}

export function ConfirmButton({ texts, work }: { texts: ConfirmTexts; work: () => Promise<void> }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  const call = useCall(async () => {
    await work()
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
          {call.failure}
        </p>
        <div class="buttons">
          <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
            {texts.cancel}
          </button>
          <button type="button" class="button danger" aria-disabled={call.busy} onClick={call.run}>
            {call.busy ? texts.busy : texts.confirm}
          </button>
        </div>
      </dialog>
    </div>
  )
}
