// A part of the page whose code is loaded beside it: a page that waits for a streamer should stand at once.
import { useEffect, useState } from 'preact/hooks'

export type Loaded<T> = T | 'failed' | undefined

/** @param load the same function each time; called once, and only when `wanted` */
export function useLoaded<T>(load: () => Promise<T>, wanted = true): Loaded<T> {
  const [part, setPart] = useState<{ readonly loaded: Loaded<T> }>({ loaded: undefined })
  useEffect(() => {
    if (!wanted) return
    load().then(
      (loaded) => setPart({ loaded }),
      () => setPart({ loaded: 'failed' }),
    )
  }, [wanted])
  return part.loaded
}
