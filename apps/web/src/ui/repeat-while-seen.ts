// Does something over and over while somebody can see what comes of it: the tab is in front, and the
// element, where it is about one, is in sight.

export interface RepeatOptions {
  /** From the end of one to the beginning of the next. */
  readonly everyMs: number
  /** When it fails, the next one comes all the same. */
  readonly work: (signal: AbortSignal) => Promise<void>
  readonly element?: Element | null
}

/** Begins at once. Returns its own undo. */
export function repeatWhileSeen({ everyMs, work, element }: RepeatOptions): () => void {
  const stop = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let inSight = !element
  let busy = false
  let doneAt = Number.NEGATIVE_INFINITY

  const plan = () => {
    clearTimeout(timer)
    if (busy || !inSight || document.hidden || stop.signal.aborted) return
    timer = setTimeout(() => void run(), Math.max(0, doneAt + everyMs - performance.now()))
  }
  const run = async () => {
    busy = true
    await work(stop.signal).catch(() => undefined)
    busy = false
    doneAt = performance.now()
    plan()
  }
  const sight = new IntersectionObserver((entries) => {
    inSight = entries.at(-1)?.isIntersecting ?? false
    plan()
  })
  if (element) sight.observe(element)
  document.addEventListener('visibilitychange', plan)
  plan()
  return () => {
    stop.abort()
    sight.disconnect()
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', plan)
  }
}
