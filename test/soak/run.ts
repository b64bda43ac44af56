// npm run soak -- --minutes N [--rate N] [--encoders N]: a whole stack under steady work. Samples what control,
// nginx and the database hold, and fails when any of it grows with the work that was done.

import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { EmbeddedMariadb } from '../../apps/stack/mariadb/embedded-mariadb.ts'
import { createTestDatabase } from '../support/database.ts'
import { TestStack } from '../support/stack.ts'
import { floors, growthOf } from './growth.ts'
import { RESOURCES } from './resources.ts'
import { Work } from './work.ts'

const SAMPLE_MS = 5_000
/** Retention of streams and events: short, so that rows are removed at the rate at which they come. */
const RETENTION_S = 45
/** Longer than retention, caches and the JIT need to reach their level. */
const WARM_UP_MS = 120_000
const MAX_FAILURES = 0.01

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '20' },
    encoders: { type: 'string', default: '1' },
  },
})
const [minutes, rate, encoders] = [values.minutes, values.rate, values.encoders].map(Number) as [
  number,
  number,
  number,
]
if (!(minutes * 60_000 >= 2 * WARM_UP_MS) || !(rate > 0) || !(encoders >= 0))
  throw new Error(`--minutes takes ${(2 * WARM_UP_MS) / 60_000} or more, --rate and --encoders a number`)

const print = (line: string) => void process.stdout.write(`${line}\n`)
/** Ctrl-C ends the work early: what was measured until then is judged, and everything is stopped. */
let isInterrupted = false
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => (isInterrupted = true))
process.exitCode = (await soak()) ? 0 : 1

async function soak(): Promise<boolean> {
  print(`soak: ${minutes} min, ${rate} broadcasts a second, ${encoders} encoders`)
  await using owned = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'onair-soak-'))
  // Started by root, the stack runs as another user.
  await chmod(folder, 0o755)
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  const mariadb = owned.use(
    await EmbeddedMariadb.start({
      folder,
      env: process.env,
      onLine: () => {},
      durable: false,
      maxConnections: 200,
    }),
  )
  const database = owned.use(await createTestDatabase(mariadb.url()))
  const days = String(RETENTION_S / 86_400)
  const stack = owned.use(
    await TestStack.start(
      { STREAM_RETENTION: days, EVENT_RETENTION: days, STREAM_KEY_TTL: '20', RECONNECT_WINDOW: '10' },
      database,
    ),
  )
  const control = stack.pidOf('control')
  const stop = new AbortController()
  const work = new Work(stack, stop.signal)
  const working = work.run(rate, encoders)
  const samples = await sample(stack, performance.now() + minutes * 60_000)
  stop.abort()
  await working
  return judge(samples, work, stack.pidOf('control') === control)
}

async function sample(stack: TestStack, endMs: number): Promise<Map<string, number[]>> {
  const startMs = performance.now()
  const samples = new Map(Object.keys(RESOURCES).map((name) => [name, [] as number[]]))
  while (performance.now() < endMs && !isInterrupted) {
    await delay(SAMPLE_MS)
    if (performance.now() - startMs < WARM_UP_MS) continue
    for (const [name, { read }] of Object.entries(RESOURCES)) samples.get(name)?.push(await read(stack))
  }
  return samples
}

function judge(samples: ReadonlyMap<string, number[]>, { done }: Work, sameControl: boolean): boolean {
  print(
    `\n${'medians of three thirds'.padEnd(32)}${'first'.padStart(9)}${'second'.padStart(9)}${'last'.padStart(9)}`,
  )
  const growing: string[] = []
  for (const [name, { unit, allowance, floorOf = 1 }] of Object.entries(RESOURCES)) {
    const { thirds, isGrowing } = growthOf(floors(samples.get(name) ?? [], floorOf), allowance)
    const figures = thirds.map((value) => value.toFixed(value < 1_000 ? 1 : 0).padStart(9)).join('')
    print(`${name.padEnd(32)}${figures} ${unit}${isGrowing ? '   GROWS' : ''}`)
    if (isGrowing) growing.push(name)
  }
  const failures = [...done.failures.values()].reduce((sum, count) => sum + count, 0)
  print(`\nbroadcasts: ${done.broadcasts}, with video: ${done.encoderBroadcasts}, readers: ${done.readers}`)
  for (const [what, count] of done.failures) print(`  ${count} × ${what}`)
  if (!sameControl) print('control has died and was started again')
  print(growing.length === 0 ? 'nothing grows' : `grows with the work done: ${growing.join(', ')}`)
  return growing.length === 0 && sameControl && failures <= MAX_FAILURES * (done.broadcasts + done.readers)
}
