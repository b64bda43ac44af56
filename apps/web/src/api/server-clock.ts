// The service's clock, estimated from the Date header of its answers. Time on air and the key's
// countdown come from the service's times, so a viewer's clock that is minutes off must not change them.

/** The Date header has whole seconds and includes the answer's travel time: ignore smaller differences. */
const TOLERANCE_MS = 2_000

let offsetMs = 0

export function setServerTime(ms: number): void {
  if (Number.isNaN(ms)) return
  const difference = ms - Date.now()
  offsetMs = Math.abs(difference) > TOLERANCE_MS ? difference : 0
}

/** Milliseconds since 1970 by the service's clock. */
export function serverNow(): number {
  return Date.now() + offsetMs
}
