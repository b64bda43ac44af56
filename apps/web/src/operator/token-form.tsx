// Asks for an API token and checks it with the server before it is kept.
import { useState } from 'preact/hooks'
import { listOnAir } from '../api/operator.ts'
import { OPERATOR_TEXTS } from '../texts/operator-texts.ts'
import { TokenField } from '../ui/token-field.tsx'
import { useAction } from '../ui/use-action.ts'

export interface TokenFormProps {
  /** The token that was kept is no longer accepted. */
  readonly refused: boolean
  readonly onAccepted: (token: string) => void
}

export function TokenForm({ refused, onAccepted }: TokenFormProps) {
  const [token, setToken] = useState('')
  const check = useAction(
    async () => {
      await listOnAir(token.trim())
      onAccepted(token.trim())
    },
    { unauthorized: OPERATOR_TEXTS.refused },
  )
  const failure = check.failure ?? (refused && !check.busy ? OPERATOR_TEXTS.refused : undefined)
  return (
    <form
      class="panel create"
      onSubmit={(event) => {
        event.preventDefault()
        check.run()
      }}
    >
      <TokenField
        label={OPERATOR_TEXTS.tokenLabel}
        hint={OPERATOR_TEXTS.tokenHint}
        token={token}
        onChange={setToken}
      />
      <p class="failure" role="alert">
        {failure}
      </p>
      <button type="submit" class="button" aria-disabled={check.busy}>
        {check.busy ? OPERATOR_TEXTS.signingIn : OPERATOR_TEXTS.signIn}
      </button>
    </form>
  )
}
