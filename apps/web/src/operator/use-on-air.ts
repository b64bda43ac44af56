// Reads what is on air every two seconds while the page is visible.
import { useEffect, useState } from 'preact/hooks'
import { listOnAir } from '../api/operator.ts'
import { ApiError } from '../api/request.ts'
import type { OnAir } from '../api/shapes.ts'
import { repeatWhileVisible } from '../ui/repeat-while-visible.ts'

const EVERY_MS = 2_000

export interface OnAirView {
  /** Undefined: not loaded yet. */
  readonly streams: readonly OnAir[] | undefined
  readonly connected: boolean
  /** Reads the list again at once. */
  readonly reload: () => void
}

/** @param onRefused the server does not accept the token any more */
export function useOnAir(token: string, onRefused: () => void): OnAirView {
  const [streams, setStreams] = useState<readonly OnAir[]>()
  const [connected, setConnected] = useState(true)
  const [reloads, setReloads] = useState(0)
  useEffect(
    () =>
      repeatWhileVisible({
        everyMs: EVERY_MS,
        task: async (signal) => {
          try {
            const list = await listOnAir(token, signal)
            if (signal.aborted) return
            setStreams(list)
            setConnected(true)
          } catch (error) {
            if (signal.aborted) return
            if (error instanceof ApiError && (error.status === 401 || error.status === 403)) onRefused()
            else setConnected(false)
          }
        },
      }),
    [token, reloads],
  )
  return { streams, connected, reload: () => setReloads((count) => count + 1) }
}
