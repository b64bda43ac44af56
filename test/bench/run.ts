// npm run bench: measures what OnAir exists for, each beside its limit in the same run, prints a table and
// writes JSON. `-- --list` names the measurements, `--only NAME` picks some, `--profile NAME` leaves a CPU
// profile of control, `--json FILE` says where the JSON goes, `--write FILE` puts the figures into a document
// (docs/performance-figures.md), `--strict` fails when a bar is missed.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { EmbeddedMariadb } from '../../apps/stack/mariadb/embedded-mariadb.ts'
import { endProcessesOf } from '../support/leftovers.ts'
import { Bench } from './bench.ts'
import { writeFigures } from './figures-document.ts'
import { isMet, type Measurement } from './measurement.ts'
import { MEASUREMENTS } from './measurements.ts'
import { busiestFunctions, describeMachine, type MeasuredRow, toJson, toTable } from './report.ts'
import { FULL, TINY } from './scale.ts'

const OUTPUT = resolve(import.meta.dirname, '../.output')
const BUSIEST = 15
/** What control does before this is its start, which has a measurement of its own. */
const STARTED_MS = 2_000
const USAGE =
  'npm run bench -- [--list] [--only NAME]… [--profile NAME] [--json FILE] [--write FILE] [--strict] [--tiny]'

const print = (line: string) => void process.stdout.write(`${line}\n`)

interface Wanted {
  readonly measurements: readonly Measurement[]
  readonly profiled: boolean
  readonly json: string
  /** The document whose figures are replaced; undefined: none. */
  readonly document: string | undefined
  readonly strict: boolean
  readonly tiny: boolean
}

/** @throws with the usage when an argument is not one of them */
function readArguments(): Wanted | null {
  const { values } = parseArgs({
    options: {
      list: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      profile: { type: 'string' },
      json: { type: 'string' },
      write: { type: 'string' },
      strict: { type: 'boolean', default: false },
      tiny: { type: 'boolean', default: false },
    },
  })
  if (values.list) return null
  const names = values.profile === undefined ? values.only : [values.profile]
  const measurements = names.length === 0 ? MEASUREMENTS : names.map(byName)
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-')
  return {
    measurements,
    profiled: values.profile !== undefined,
    json: resolve(values.json ?? join(OUTPUT, `bench-${stamp}.json`)),
    document: values.write === undefined ? undefined : resolve(values.write),
    strict: values.strict,
    tiny: values.tiny,
  }
}

function byName(name: string): Measurement {
  const found = MEASUREMENTS.find((measurement) => measurement.name === name)
  if (found === undefined)
    throw new Error(
      `there is no measurement ${name}; there are ${MEASUREMENTS.map((one) => one.name).join(', ')}`,
    )
  return found
}

/** @returns whether every bar was met */
async function run(wanted: Wanted, stop: AbortSignal): Promise<boolean> {
  const startedAt = new Date()
  const machine = describeMachine()
  print(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, load ${machine.load.toFixed(2)}`)
  if (machine.load > machine.cores / 4)
    print('somebody else is at work here: ratios may hold, figures will not')
  mkdirSync(OUTPUT, { recursive: true })
  const folder = mkdtempSync(join(tmpdir(), 'onair-bench-'))
  await using cleanUp = new AsyncDisposableStack()
  cleanUp.defer(async () => {
    await endProcessesOf(folder)
    rmSync(folder, { recursive: true, force: true })
  })
  const options = { folder, env: process.env, onLine: print, maxConnections: 400, signal: stop }
  const server = cleanUp.use(await EmbeddedMariadb.start(options)).url()
  const rows: MeasuredRow[] = []
  for (const measurement of wanted.measurements) {
    stop.throwIfAborted()
    rows.push(...(await measure(measurement, wanted, server, folder)))
  }
  print('')
  for (const line of toTable(rows)) print(line)
  writeFileSync(wanted.json, toJson(machine, startedAt, rows))
  print(`\nJSON: ${wanted.json}`)
  if (wanted.document !== undefined) {
    writeFigures(wanted.document, { machine, startedAt, isTiny: wanted.tiny, rows })
    print(`written into ${wanted.document}`)
  }
  const missed = rows.filter((row) => isMet(row) === false)
  for (const { measurement, what } of missed) print(`bar missed: ${measurement}: ${what}`)
  return missed.length === 0
}

async function measure(
  measurement: Measurement,
  { tiny, profiled }: Wanted,
  server: string,
  folder: string,
): Promise<MeasuredRow[]> {
  const start = performance.now()
  const name = `${measurement.name}-${Date.now()}`
  print(`${measurement.name}: ${measurement.about}`)
  const scale = tiny ? TINY : FULL
  const profiles = profiled ? { folder: OUTPUT, name } : undefined
  let rows: MeasuredRow[]
  {
    await using bench = new Bench({ scale, server, folder, profiles, say: print })
    rows = (await measurement.run(bench)).map((row) => ({ measurement: measurement.name, ...row }))
  }
  print(`  ${((performance.now() - start) / 1_000).toFixed(0)} s`)
  if (profiled) printProfiles(name, measurement.name === 'restart' ? 0 : STARTED_MS)
  return rows
}

function printProfiles(name: string, fromMs: number): void {
  for (const file of readdirSync(OUTPUT)
    .filter((entry) => entry.startsWith(name))
    .sort()) {
    print(`\nCPU profile: ${join(OUTPUT, file)}`)
    for (const line of busiestFunctions(join(OUTPUT, file), BUSIEST, fromMs)) print(line)
  }
}

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort())
try {
  const wanted = readArguments()
  if (wanted === null) for (const { name, about } of MEASUREMENTS) print(`${name.padEnd(14)}${about}`)
  else if (!(await run(wanted, stop.signal)) && wanted.strict) process.exitCode = 1
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`)
  process.exitCode = 1
}
