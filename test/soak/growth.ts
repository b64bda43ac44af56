// Judges samples of a resource that was in steady use: does it grow with the work done? Pure.
import { median } from '../bench/statistics.ts'

export interface Allowance {
  /** Growth up to this much is noise, in the resource's own unit. */
  readonly absolute: number
  /** Growth up to this share of the level is noise, too. */
  readonly share: number
}

export interface Growth {
  /** Medians of the first, second and last third of the samples. */
  readonly thirds: readonly [number, number, number]
  readonly isGrowing: boolean
}

/** The lowest of every `size` samples: of a heap, what is left after its garbage is collected. */
export function floors(samples: readonly number[], size: number): number[] {
  const groups = Math.floor(samples.length / size)
  return Array.from({ length: groups }, (_, group) =>
    Math.min(...samples.slice(group * size, (group + 1) * size)),
  )
}

/**
 * Compares the last third of the samples with the first. Growth counts only when it is above both
 * allowances and when the second third lies above the first as well: a single jump is not a leak.
 * @param samples at least three, in order, without the warm-up
 */
export function growthOf(samples: readonly number[], { absolute, share }: Allowance): Growth {
  const third = Math.floor(samples.length / 3)
  if (third === 0) throw new Error('growth needs at least three samples')
  const thirds = [
    median(samples.slice(0, third)),
    median(samples.slice(third, samples.length - third)),
    median(samples.slice(-third)),
  ] as const
  const [first, second, last] = thirds
  const grown = last - first
  const isGrowing = grown > absolute && grown > share * Math.abs(first) && second > first && last > second
  return { thirds, isGrowing }
}
