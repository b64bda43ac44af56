// What a run has to say, for people and as JSON.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { type Bar, isMet, type Row, ratioOf } from './measurement.ts'

export interface MeasuredRow extends Row {
  readonly measurement: string
}

const COLUMNS = ['figure', 'beside', 'ratio', 'bar', '']
const HEADINGS = ['measurement', ...COLUMNS]

/** The lines of a table, one a row of figures. */
export function toTable(rows: readonly MeasuredRow[]): string[] {
  const cells = [HEADINGS, ...rows.map((row) => [`${row.measurement}: ${row.what}`, ...toCells(row)])]
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)))
  return cells.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** The rows of one measurement as a Markdown table. */
export function toMarkdownTable(rows: readonly MeasuredRow[]): string {
  const cells = [['', ...COLUMNS], ['', ...COLUMNS].map(() => '---')]
  for (const row of rows) cells.push([row.what, ...toCells(row)])
  return cells.map((line) => `| ${line.join(' | ')} |`).join('\n')
}

function toCells(row: MeasuredRow): string[] {
  const ratio = ratioOf(row)
  const met = isMet(row)
  return [
    `${toText(row.figure)} ${row.unit}`,
    row.beside === undefined ? '' : `${toText(row.beside.figure)} ${row.beside.what}`,
    ratio === undefined ? '' : `${ratio.toFixed(2)}×`,
    row.bars?.map((bar) => barText(bar, row.unit)).join(', ') ?? '',
    met === undefined ? '' : met ? 'met' : 'MISSED',
  ]
}

function barText({ of, limit, bound }: Bar, unit: string): string {
  return `${bound === 'most' ? '≤' : '≥'} ${limit}${of === 'ratio' ? '×' : ` ${unit}`}`
}

/** Three digits are more than a shared machine repeats. */
function toText(figure: number): string {
  return Math.abs(figure) >= 100 ? figure.toFixed(0) : String(Number(figure.toPrecision(3)))
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly kernel: string
  readonly node: string
  /** nginx's and MariaDB's versions, as far as these are installed. */
  readonly programs: readonly string[]
  /** Of the minute before; above 0.5 somebody else was at work. */
  readonly load: number
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    programs: [...versionOf('mariadbd', '--version', 'MariaDB'), ...versionOf('nginx', '-v', 'nginx')],
    load: loadavg()[0] ?? 0,
  }
}

function versionOf(program: string, flag: string, name: string): string[] {
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: 'utf8' })
  const [version] = /\d+\.\d+\.\d+/.exec(`${stdout} ${stderr}`) ?? []
  return version === undefined ? [] : [`${name} ${version}`]
}

export function toJson(machine: Machine, startedAt: Date, rows: readonly MeasuredRow[]): string {
  const measured = rows.map((row) => ({ ...row, ratio: ratioOf(row) ?? null, met: isMet(row) ?? null }))
  return `${JSON.stringify({ startedAt, machine, rows: measured }, null, 2)}\n`
}

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}
interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

/**
 * The functions of a CPU profile that took the most time themselves, as lines of text.
 * @param fromMs leaves out what was before, such as the start of the process
 */
export function busiestFunctions(file: string, count: number, fromMs: number): string[] {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const self = new Map<string, number>()
  let at = 0
  for (const [index, id] of profile.samples.entries()) {
    const time = profile.timeDeltas[index] ?? 0
    at += time
    const place = places.get(id) ?? ''
    if (place !== '(idle)' && at >= fromMs * 1_000) self.set(place, (self.get(place) ?? 0) + time)
  }
  const busy = [...self.values()].reduce((sum, time) => sum + time, 0)
  return [...self]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([place, time]) => `${((100 * time) / busy).toFixed(1).padStart(5)} %  ${place}`)
}

function placeOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  return url === '' ? name : `${name}  ${url.replace(/^.*\/(node_modules|apps)\//, '$1/')}:${lineNumber + 1}`
}
