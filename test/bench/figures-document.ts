// The document with dated figures (docs/performance-figures.md): one section for each measurement. A run
// replaces the sections of what it has measured and leaves the others as they are.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { MEASUREMENTS } from './measurements.ts'
import { type Machine, type MeasuredRow, toMarkdownTable } from './report.ts'

export interface Figures {
  readonly machine: Machine
  readonly startedAt: Date
  /** Measured at the scale of the bench's own test: such figures mean nothing. */
  readonly isTiny: boolean
  readonly rows: readonly MeasuredRow[]
}

const HEAD = `# Figures

Written by \`npm run bench -- --write docs/performance-figures.md\`; do not edit it by hand.
[performance.md](performance.md) explains the measurements, the columns and the bars that are missed.
`

/** Makes the document if it is not there. */
export function writeFigures(file: string, figures: Figures): void {
  const sections = sectionsOf(existsSync(file) ? readFileSync(file, 'utf8') : '')
  for (const [name, rows] of Map.groupBy(figures.rows, ({ measurement }) => measurement))
    sections.set(name, sectionOf(figures, rows))
  const inOrder = MEASUREMENTS.flatMap(({ name }) => {
    const section = sections.get(name)
    return section === undefined ? [] : [`## ${name}\n\n${section}\n`]
  })
  writeFileSync(file, [HEAD, ...inOrder].join('\n'))
}

/** What stands below each measurement's heading, by its name. */
function sectionsOf(document: string): Map<string, string> {
  const sections = document.split(/^## /m).slice(1)
  return new Map(
    sections.map((section) => {
      const [name = '', ...rest] = section.trim().split('\n\n')
      return [name, rest.join('\n\n')]
    }),
  )
}

function sectionOf({ machine, startedAt, isTiny }: Figures, rows: readonly MeasuredRow[]): string {
  const { cores, cpu, memoryGb, kernel, node, programs, load } = machine
  const what = [`${cores} cores of ${cpu}`, `${memoryGb} GB`, `Linux ${kernel}`, `Node ${node}`, ...programs]
  const scale = isTiny ? ' At a tiny scale: these figures mean nothing.' : ''
  const when = startedAt.toISOString().slice(0, 10)
  return `${when}: ${what.join(', ')}. Load before the run: ${load.toFixed(2)}.${scale}\n\n${toMarkdownTable(rows)}`
}
