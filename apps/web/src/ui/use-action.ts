// An asynchronous action behind a button: whether it is running, and why it failed, in words.
import { useState } from 'preact/hooks'
import { failureText } from './failure-text.ts'

export interface Action {
  readonly busy: boolean
  readonly failure: string | undefined
  readonly run: () => void
}

/** @param texts failure texts for this action by problem `code`, in place of the general ones */
export function useAction(action: () => Promise<void>, texts?: Readonly<Record<string, string>>): Action {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  const start = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      await action()
    } catch (error) {
      setFailure(failureText(error, texts))
    } finally {
      setBusy(false)
    }
  }
  return {
    busy,
    failure,
    run: () => {
      // A second click while the first request is running would create a second stream, for example.
      if (!busy) void start()
    },
  }
}
