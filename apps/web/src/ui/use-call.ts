// A button's call: busy while it runs, and in words what went wrong.
import { useState } from 'preact/hooks'
import { failureText } from './failure-text.ts'

export interface Call {
  readonly busy: boolean
  readonly failure: string | undefined
  readonly run: () => void
}

/** @param texts what failures mean for this call, by their `code` */
export function useCall(work: () => Promise<void>, texts?: Readonly<Record<string, string>>): Call {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  const call = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      await work()
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
      // A second click while the first is under way would make a second stream.
      if (!busy) void call()
    },
  }
}
