// Formats file sizes.

const UNITS = ['kB', 'MB', 'GB', 'TB'] as const

/** 640000 → "640 kB", 12345678 → "12.3 MB"; decimal units, as browsers show downloads. */
export function formatSize(bytes: number): string {
  let value = bytes / 1_000
  let unit = 0
  // A value that would be rounded to 1000 is shown as 1 of the next unit.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000
    unit += 1
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0
  return `${value.toFixed(digits)} ${UNITS[unit]}`
}
