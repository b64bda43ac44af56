// Removes a stream with everything that was kept of it, after a confirmation that says what that is.
import { deleteStream } from '../api/streams.ts'
import { OPERATOR_TEXTS } from '../texts/operator-texts.ts'
import { ConfirmButton, type ConfirmTexts } from '../ui/confirm-button.tsx'

const TAKE_DOWN: ConfirmTexts = {
  label: OPERATOR_TEXTS.takeDown,
  title: OPERATOR_TEXTS.takeDownTitle,
  text: OPERATOR_TEXTS.takeDownText,
  cancel: OPERATOR_TEXTS.takeDownCancel,
  confirm: OPERATOR_TEXTS.takeDown,
  busy: OPERATOR_TEXTS.takingDown,
}

export interface TakeDownButtonProps {
  readonly id: string
  readonly token: string
  readonly onDone: () => void
}

export function TakeDownButton({ id, token, onDone }: TakeDownButtonProps) {
  return (
    <ConfirmButton
      texts={TAKE_DOWN}
      action={async () => {
        await deleteStream(id, token)
        onDone()
      }}
    />
  )
}
