// Repeats a task while its result is visible: the tab is in the foreground and the element, if there is one,
// is scrolled into view.

export interface RepeatOptions {
  /** The pause between the end of one run and the start of the next. */
  readonly everyMs: number
  /** If it fails, the next run comes at its usual time. */
  readonly task: (signal: AbortSignal) => Promise<void>
  readonly element?: Element | null
}

/** Starts at once. Returns the function that stops it. */
export function repeatWhileVisible({ everyMs, task, element }: RepeatOptions): () => void {
  const stop = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let inView = !element
  let busy = false
  let lastRunEndedAt = Number.NEGATIVE_INFINITY

  const schedule = () => {
    clearTimeout(timer)
    if (busy || !inView || document.hidden || stop.signal.aborted) return
    timer = setTimeout(() => void run(), Math.max(0, lastRunEndedAt + everyMs - performance.now()))
  }
  const run = async () => {
    busy = true
    await task(stop.signal).catch(() => undefined)
    busy = false
    lastRunEndedAt = performance.now()
    schedule()
  }
  const observer = new IntersectionObserver((entries) => {
    inView = entries.at(-1)?.isIntersecting ?? false
    schedule()
  })
  if (element) observer.observe(element)
  document.addEventListener('visibilitychange', schedule)
  schedule()
  return () => {
    stop.abort()
    observer.disconnect()
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', schedule)
  }
}
