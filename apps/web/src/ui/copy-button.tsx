// Copies a text, and says so where the eye is.
import { useEffect, useState } from 'preact/hooks'
import { TEXTS } from '../texts.ts'

const SAID_MS = 2_000

export function CopyButton({ text, what }: { text: string; what: string }) {
  const [said, setSaid] = useState<'copied' | 'failed'>()
  useEffect(() => {
    if (said === undefined) return
    const timer = setTimeout(() => setSaid(undefined), SAID_MS)
    return () => clearTimeout(timer)
  }, [said])
  const copy = async () => setSaid((await copyText(text)) ? 'copied' : 'failed')
  return (
    <button type="button" class="button quiet copy" onClick={() => void copy()}>
      <span aria-live="polite">
        {said === 'copied' ? TEXTS.copied : said === 'failed' ? TEXTS.copyFailed : TEXTS.copy}
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

/** Over plain http browsers have no clipboard, except on localhost; the old way still works there. */
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
