// The field for an API token. It appears when the server has asked for one, and then takes the focus.
import { useEffect, useRef } from 'preact/hooks'
import { TOKEN_TEXTS } from '../texts/studio-texts.ts'

export interface TokenFieldProps {
  readonly token: string
  readonly onChange: (token: string) => void
}

export function TokenField({ token, onChange }: TokenFieldProps) {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (token === '') input.current?.focus()
  }, [])
  return (
    <div class="field">
      <label for="token">{TOKEN_TEXTS.label}</label>
      <input
        ref={input}
        id="token"
        type="password"
        value={token}
        required
        autocomplete="off"
        aria-describedby="token-hint"
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <small id="token-hint" class="muted">
        {TOKEN_TEXTS.hint}
      </small>
    </div>
  )
}
