// What a measurement is, and what it has to say: rows of figures, each beside its limit and its bar.
import type { Bench } from './bench.ts'

export interface Measurement {
  readonly name: string
  /** One line for --list. */
  readonly about: string
  readonly run: (bench: Bench) => Promise<Row[]>
}

export interface Row {
  readonly what: string
  readonly figure: number
  readonly unit: string
  /** The limit or peer, measured in the same run and the same unit. */
  readonly beside?: { readonly what: string; readonly figure: number }
  /** All of them have to be met. */
  readonly bars?: readonly Bar[]
}

/** What is asked of a figure, or of its ratio to what stands beside it. */
export interface Bar {
  readonly of: 'figure' | 'ratio'
  readonly limit: number
  readonly bound: 'most' | 'least'
}

export const atMost = (limit: number): Bar => ({ of: 'figure', limit, bound: 'most' })
export const atMostTimes = (limit: number): Bar => ({ of: 'ratio', limit, bound: 'most' })
export const atLeastTimes = (limit: number): Bar => ({ of: 'ratio', limit, bound: 'least' })

/** Undefined without anything beside it, or when that is nothing. */
export function ratioOf({ figure, beside }: Row): number | undefined {
  return beside === undefined || beside.figure === 0 ? undefined : figure / beside.figure
}

/** Undefined where nothing is asked. */
export function isMet(row: Row): boolean | undefined {
  if (row.bars === undefined || row.bars.length === 0) return undefined
  return row.bars.every((bar) => {
    const value = bar.of === 'figure' ? row.figure : (ratioOf(row) ?? Number.NaN)
    return bar.bound === 'most' ? value <= bar.limit : value >= bar.limit
  })
}
