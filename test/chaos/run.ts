// npm run chaos -- --minutes N --seed S: two whole stacks on one database, streamers and viewers, and
// random faults. Between rounds of faults all is left alone, and within ten seconds every promise must
// hold again. Prints what it did; the exit code says whether anything was violated.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { EmbeddedMariadb } from '../../apps/stack/mariadb/embedded-mariadb.ts'
import { DatabaseProxy } from '../control/support/unix-proxy.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { TestStack } from '../support/stack.ts'
import { letStackUse } from '../support/stack-user.ts'
import { Viewer } from '../support/viewer.ts'
import { type Fault, pickFault, type World } from './faults.ts'
import { brokenPromises, type Subjects } from './invariants.ts'
import { Journal } from './journal.ts'
import type { ChaosNode } from './node-faults.ts'
import { Random } from './random.ts'
import { SmallDisk } from './small-disk.ts'
import { Streamer } from './streamer.ts'

/** From everything being up again: the promise of the design. */
const SETTLE_MS = 10_000
const UP_AGAIN_MS = 30_000
/** A publisher may need this to get back in after the longest fault, before anything is judged. */
const RETURN_MS = 20_000
const FAULTS_A_ROUND = 6
const STREAMERS = 4
/** One node's clock is ahead by this, the other's behind. */
const CLOCK_SHIFT_MS = 90_000
const SHIFTED_CLOCK = join(import.meta.dirname, 'shifted-clock.ts')

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string' },
    quiet: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed)
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new Error('--minutes takes a number above 0, --seed a whole number')

const print = (line: string) => void process.stdout.write(`${line}\n`)
const journal = new Journal(values.quiet ? () => {} : print)
process.exitCode = (await chaos()) ? 0 : 1

async function chaos(): Promise<boolean> {
  print(`chaos: ${minutes} min, seed ${seed}`)
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'onair-chaos-'))
  // Started by root, the stack runs as another user.
  await chmod(folder, 0o755)
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const mariadb = stack.use(
    await EmbeddedMariadb.start({ folder, env: process.env, onLine: () => {}, maxConnections: 200 }),
  )
  const database = stack.use(await createTestDatabase(mariadb.url()))
  const random = new Random(seed)
  // A broadcast that moves from one node to the other is one recording if they share their storage.
  const recordings = join(folder, 'recordings')
  const settings = { RECONNECT_WINDOW: '20', STREAM_KEY_TTL: '60', RECORDINGS_DIR: recordings }
  const nodes = [
    await startNode('a', CLOCK_SHIFT_MS, settings, folder, database, stack),
    await startNode('b', -CLOCK_SHIFT_MS, settings, folder, database, stack),
  ]
  if (nodes.some(({ disk }) => disk === null)) print('HLS has no disk of its own here: it is never filled')
  const stacks = nodes.map((node) => node.stack)
  const viewers = stacks.map((node, index) => stack.use(new Viewer(`viewer ${index}`, node)))
  const streamers = Array.from({ length: STREAMERS }, (_, index) =>
    stack.use(new Streamer(`streamer ${index}`, stacks, journal, new Random(random.next() * 2 ** 32))),
  )
  const world: World = { nodes, stacks, streamers, random, journal, databasePid: () => mariadb.pid }
  const subjects: Subjects = { database, stacks, streamers, viewers }
  const end = performance.now() + minutes * 60_000
  await settle(subjects)
  while (performance.now() < end) {
    for (let count = 0; count < FAULTS_A_ROUND && performance.now() < end; count++) {
      await inject(pickFault(random), world)
      await delay(random.between(500, 6_000))
    }
    await settle(subjects)
  }
  summarise(subjects)
  return journal.violations.length === 0
}

/** A node with a wrong clock, a connection to the database that can be cut, and a small disk for HLS. */
async function startNode(
  name: string,
  clockMs: number,
  settings: Record<string, string>,
  folder: string,
  database: TestDatabase,
  owner: AsyncDisposableStack,
): Promise<ChaosNode> {
  const proxy = owner.use(await DatabaseProxy.start(database))
  letStackUse(proxy.database.url)
  const hlsDir = join(folder, `hls-${name}`)
  const disk = await SmallDisk.mount(hlsDir)
  if (disk !== null) owner.use(disk)
  const env = {
    ...settings,
    NODE_ID: name,
    HLS_DIR: hlsDir,
    // The disk may be a small one, and it is filled on purpose.
    HLS_MIN_FREE_BYTES: '0',
    DATABASE_URL: proxy.database.url.reveal(),
    NODE_OPTIONS: `--import ${SHIFTED_CLOCK}`,
    CHAOS_CLOCK_MS: String(clockMs),
  }
  return { stack: owner.use(await TestStack.start(env, database)), proxy, disk }
}

async function inject(fault: Fault, world: World): Promise<void> {
  journal.note('fault', fault.name)
  await fault.inject(world)
}

/**
 * Leaves all alone until everything is up. Within ten seconds of that every promise must hold; and once
 * more when those encoders are back that were away or had to wait for a ghost.
 */
async function settle(subjects: Subjects): Promise<void> {
  const { stacks, streamers } = subjects
  for (const streamer of streamers) streamer.excuse(RETURN_MS)
  await waitFor(UP_AGAIN_MS, async () => {
    const ready = await Promise.all(stacks.map((stack) => stack.isReady()))
    return ready.every(Boolean) ? [] : ['not everything is up']
  })
  const look = () => brokenPromises(subjects).catch((error: unknown) => [String(error)])
  const tookMs = await waitFor(SETTLE_MS, look)
  journal.note('settled', `${(tookMs / 1000).toFixed(1)} s after everything was up`)
  await waitFor(UP_AGAIN_MS + RETURN_MS, async () =>
    streamers
      .filter((streamer) => streamer.publishingSince === null)
      .map((streamer) => `${streamer.name} can’t publish`),
  )
  await waitFor(SETTLE_MS, look)
}

/** @returns how long it took; what is still wrong after `withinMs` is a violation */
async function waitFor(withinMs: number, look: () => Promise<string[]>): Promise<number> {
  const start = performance.now()
  for (;;) {
    const wrong = await look()
    const tookMs = performance.now() - start
    if (wrong.length === 0) return tookMs
    if (tookMs > withinMs) {
      for (const what of wrong) journal.violation(what)
      return tookMs
    }
    await delay(250)
  }
}

function summarise({ viewers, streamers }: Subjects): void {
  const faults = journal.faults()
  const total = Object.values(faults).reduce((sum, count) => sum + count, 0)
  print(`\nseed ${seed}: ${total} faults, violations: ${journal.violations.length}`)
  for (const [name, count] of Object.entries(faults)) print(`  ${String(count).padStart(4)}  ${name}`)
  print(`broadcasts: ${streamers.reduce((sum, streamer) => sum + streamer.broadcasts.length, 0)}`)
  for (const viewer of viewers)
    print(`${viewer.name}: ${viewer.told.length} events over ${viewer.connections} connections`)
  for (const what of journal.violations) print(`VIOLATION: ${what}`)
}
