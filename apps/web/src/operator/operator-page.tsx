// The operator's page, `/operator`: asks for an API token, which is kept in this tab only, then shows what is on air.
import { useState } from 'preact/hooks'
import { OPERATOR_TEXTS } from '../texts/operator-texts.ts'
import { useDocumentTitle } from '../ui/document-title.ts'
import { readTab, writeTab } from '../ui/tab-storage.ts'
import { AttemptsPanel } from './attempts-panel.tsx'
import { OnAirPanel } from './on-air-panel.tsx'
import { TakeDownByLink } from './take-down-by-link.tsx'
import { TokenForm } from './token-form.tsx'

const STORAGE_NAME = 'onair.operator-token'

export function OperatorPage() {
  const [token, setToken] = useState(() => readTab(STORAGE_NAME))
  const [refused, setRefused] = useState(false)
  useDocumentTitle(OPERATOR_TEXTS.title)
  const change = (next: string | undefined, isRefused = false) => {
    writeTab(STORAGE_NAME, next)
    setToken(next)
    setRefused(isRefused)
  }
  return (
    <div class="studio operator">
      <div class="operator-head">
        <h1>{OPERATOR_TEXTS.title}</h1>
        {token !== undefined && (
          <button type="button" class="button quiet" onClick={() => change(undefined)}>
            {OPERATOR_TEXTS.signOut}
          </button>
        )}
      </div>
      {token === undefined ? (
        <TokenForm refused={refused} onAccepted={change} />
      ) : (
        <>
          <OnAirPanel token={token} onRefused={() => change(undefined, true)} />
          <TakeDownByLink token={token} />
          <AttemptsPanel token={token} />
        </>
      )}
    </div>
  )
}
