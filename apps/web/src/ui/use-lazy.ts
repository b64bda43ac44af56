// Loads a component's code separately from the page, so that the page itself shows at once.
import { useEffect, useState } from 'preact/hooks'

/** Undefined: not loaded yet. */
export type Lazy<T> = T | 'failed' | undefined

/** @param load must be the same function on every render; called once, when `wanted` is true */
export function useLazy<T>(load: () => Promise<T>, wanted = true): Lazy<T> {
  // In an object, because a state setter would call a component that is passed to it.
  const [state, setState] = useState<{ readonly component: Lazy<T> }>({ component: undefined })
  useEffect(() => {
    if (!wanted) return
    load().then(
      (component) => setState({ component }),
      () => setState({ component: 'failed' }),
    )
  }, [wanted])
  return state.component
}
