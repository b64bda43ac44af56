// A hook that re-renders every second with the current time of the service's clock.
import { useEffect, useState } from 'preact/hooks'
import { serverNow } from '../api/server-clock.ts'

/** Milliseconds since 1970 by the service's clock. */
export function useNow(): number {
  const [now, setNow] = useState(serverNow)
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
