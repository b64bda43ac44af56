// The field for an API token. While it is empty it takes the focus when it appears.
import { useEffect, useRef } from 'preact/hooks'

export interface TokenFieldProps {
  readonly label: string
  readonly hint: string
  readonly token: string
  readonly onChange: (token: string) => void
}

export function TokenField({ label, hint, token, onChange }: TokenFieldProps) {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (token === '') input.current?.focus()
  }, [])
  return (
    <div class="field">
      <label for="token">{label}</label>
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
        {hint}
      </small>
    </div>
  )
}
