// Converts bitrate samples to SVG paths: a line, and the area below it. Pure.
import type { BitrateSample } from './ingest-history.ts'

export interface Frame {
  readonly width: number
  readonly height: number
  /** The time at the right edge, in milliseconds since 1970. */
  readonly until: number
  /** The time between the left and the right edge. */
  readonly spanMs: number
  /** The bitrate at the top edge, in bits per second. */
  readonly top: number
}

/** Samples further apart than this are not connected, because nothing is known about the time between them. */
const GAP_MS = 10_000

export function bitratePath(
  samples: readonly BitrateSample[],
  { width, height, until, spanMs, top }: Frame,
): { line: string; area: string } {
  const runs: [string, string][][] = []
  let previousAt = Number.NEGATIVE_INFINITY
  for (const { at, bitrate } of samples) {
    if (at - previousAt > GAP_MS) runs.push([])
    const x = Math.max(0, width * (1 - (until - at) / spanMs)).toFixed(1)
    const y = (height - 2 - (height - 4) * (bitrate / top)).toFixed(1)
    runs.at(-1)?.push([x, y])
    previousAt = at
  }
  const line = (run: [string, string][]) => `M${run.map(([x, y]) => `${x} ${y}`).join('L')}`
  const area = (run: [string, string][]) =>
    `${line(run)}L${run.at(-1)?.[0]} ${height}L${run[0]?.[0]} ${height}Z`
  return { line: runs.map(line).join(''), area: runs.map(area).join('') }
}
