// The service's clock as this machine can tell it, and a hook that ticks with it. Time on air and
// the key's countdown come from the service's times: a laptop that is minutes off must not show them wrong.
import { useEffect, useState } from 'preact/hooks'

/** The Date header has whole seconds and is as old as the answer's way: less than this is no difference. */
const TOLERANCE_MS = 2_000

let offsetMs = 0

export function setServerTime(ms: number): void {
  if (Number.isNaN(ms)) return
  const difference = ms - Date.now()
  offsetMs = Math.abs(difference) > TOLERANCE_MS ? difference : 0
}

export function serverNow(): number {
  return Date.now() + offsetMs
}

/** Milliseconds of the service's clock, anew every second. */
export function useNow(): number {
  const [now, setNow] = useState(serverNow)
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
