// A button that copies a text and then shows in its label whether that worked.
import { useEffect, useState } from 'preact/hooks'
import { TEXTS } from '../texts/texts.ts'

const SHOW_RESULT_MS = 2_000

export function CopyButton({ text, what }: { text: string; what: string }) {
  const [result, setResult] = useState<'copied' | 'failed'>()
  useEffect(() => {
    if (result === undefined) return
    const timer = setTimeout(() => setResult(undefined), SHOW_RESULT_MS)
    return () => clearTimeout(timer)
  }, [result])
  const copy = async () => setResult((await copyText(text)) ? 'copied' : 'failed')
  return (
    <button type="button" class="button quiet copy" onClick={() => void copy()}>
      <span aria-live="polite">
        {result === 'copied' ? TEXTS.copied : result === 'failed' ? TEXTS.copyFailed : TEXTS.copy}
        <span class="visually-hidden"> {what}</span>
      </span>
    </button>
  )
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

/** Over plain HTTP browsers have no clipboard API, except on localhost. The old command still works there. */
function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'visually-hidden'
  document.body.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  return copied
}
