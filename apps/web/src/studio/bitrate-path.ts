// Samples over time as SVG paths: a line, and the area below it. Pure.
import type { BitrateSample } from './ingest-history.ts'

export interface Frame {
  readonly width: number
  readonly height: number
  /** The right edge, ms. */
  readonly until: number
  readonly spanMs: number
  /** The bitrate at the upper edge. */
  readonly top: number
}

/** Without an answer for this long there is a gap: a line across it would claim what nobody knows. */
const GAP_MS = 10_000

export function bitratePath(
  samples: readonly BitrateSample[],
  { width, height, until, spanMs, top }: Frame,
): { line: string; area: string } {
  const runs: [string, string][][] = []
  let before = Number.NEGATIVE_INFINITY
  for (const { at, bitrate } of samples) {
    if (at - before > GAP_MS) runs.push([])
    const x = Math.max(0, width * (1 - (until - at) / spanMs)).toFixed(1)
    const y = (height - 2 - (height - 4) * (bitrate / top)).toFixed(1)
    runs.at(-1)?.push([x, y])
    before = at
  }
  const line = (run: [string, string][]) => `M${run.map(([x, y]) => `${x} ${y}`).join('L')}`
  const area = (run: [string, string][]) =>
    `${line(run)}L${run.at(-1)?.[0]} ${height}L${run[0]?.[0]} ${height}Z`
  return { line: runs.map(line).join(''), area: runs.map(area).join('') }
}
