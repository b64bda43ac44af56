// The process of `npm test`: runs the tests with Node's own runner, with one MariaDB server and one temporary
// folder for the run, and leaves neither files nor processes behind.
import { spawn } from 'node:child_process'
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { EmbeddedMariadb } from '../apps/stack/mariadb/embedded-mariadb.ts'
import { withParentDeathSignal } from '../apps/stack/supervision/parent-death-signal.ts'
import { allProcesses, groupIsGone, signalGroup } from '../apps/stack/supervision/process-group.ts'
import { endProcessesOf } from './support/leftovers.ts'

const ROOT = resolve(import.meta.dirname, '..')
/** For a file that hangs in a busy loop: Node checks its own limits inside the test's process. */
const FILE_LIMIT_MS = 5 * 60_000
const TEST_LIMIT_MS = 2 * 60_000
/** Each end-to-end test keeps a core busy; with more at a time they miss their deadlines. */
const FILES_AT_ONCE = Math.min(4, Math.max(2, availableParallelism()))
/** Node's flags whose value may be a separate argument. */
const FLAGS_WITH_VALUE =
  /^--test-(name-pattern|skip-pattern|concurrency|timeout|reporter|reporter-destination)$/

const say = (line: string) => process.stderr.write(`${line}\n`)

/** @throws when a path selects no file, because a run without tests must not look like success */
function readArguments(args: readonly string[]): { flags: string[]; files: string[] } {
  const all = globSync('test/**/*.test.ts', { cwd: ROOT }).sort()
  const flags: string[] = []
  const files = new Set<string>()
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? ''
    if (arg.startsWith('-')) {
      flags.push(arg)
      if (FLAGS_WITH_VALUE.test(arg)) flags.push(args[++index] ?? '')
      continue
    }
    const wanted = relative(ROOT, resolve(arg))
    const chosen = all.filter((file) => file.startsWith(wanted))
    if (chosen.length === 0) throw new Error(`no test file's path begins with ${arg}`)
    for (const file of chosen) files.add(file)
  }
  return { flags, files: files.size > 0 ? [...files] : all }
}

/** @returns Node's exit code. A file that hangs is killed, and so counted as failed. */
async function runNode(args: readonly string[], env: NodeJS.ProcessEnv, stop: AbortSignal): Promise<number> {
  const [program, ...programArgs] = withParentDeathSignal(process.execPath, '--test', ...args)
  const child = spawn(program, programArgs, {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const group = child.pid
  if (group === undefined) throw new Error('Node could not be started')
  const exit = new Promise<number>((settle) => child.once('exit', (code) => settle(code ?? 1)))
  const onStop = () => signalGroup(group, 'SIGINT')
  stop.addEventListener('abort', onStop)
  if (stop.aborted) onStop()
  const watch = setInterval(() => killOverdue(group), 1000)
  const code = await exit
  clearInterval(watch)
  if (!(await groupIsGone(group, 2000))) signalGroup(group, 'SIGKILL')
  return code
}

const seenAt = new Map<string, number>()
function killOverdue(runner: number): void {
  for (const { pid, parent, startedAt } of allProcesses()) {
    if (parent !== runner) continue
    const key = `${pid} ${startedAt}`
    const since = seenAt.get(key) ?? performance.now()
    seenAt.set(key, since)
    if (performance.now() - since < FILE_LIMIT_MS) continue
    say(`a test file (pid ${pid}) has been running for ${FILE_LIMIT_MS / 60_000} minutes: killed`)
    process.kill(pid, 'SIGKILL')
  }
}

async function run(stop: AbortSignal): Promise<number> {
  const { flags, files } = readArguments(process.argv.slice(2))
  const folder = mkdtempSync(join(tmpdir(), 'onair-test-'))
  // Some tests run programs as another user, who must be able to enter it.
  chmodSync(folder, 0o755)
  await using cleanUp = new AsyncDisposableStack()
  cleanUp.defer(async () => {
    const ended = await endProcessesOf(folder)
    if (ended.length > 0) say(`ended processes that tests have left running: ${ended.join(', ')}`)
    rmSync(folder, { recursive: true, force: true })
  })
  let databaseUrl = process.env.TEST_DATABASE_URL
  if (!databaseUrl) {
    const { env } = process
    const options = { folder, env, onLine: say, durable: false, maxConnections: 400, signal: stop }
    databaseUrl = cleanUp.use(await EmbeddedMariadb.start(options)).url()
  }
  const env = { ...process.env, TEST_DATABASE_URL: databaseUrl, TMPDIR: folder }
  const defaults = [`--test-concurrency=${FILES_AT_ONCE}`, `--test-timeout=${TEST_LIMIT_MS}`]
  if (!flags.some((flag) => flag.startsWith('--test-reporter'))) defaults.push('--test-reporter=spec')
  return await runNode([...defaults, ...flags, ...files], env, stop)
}

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())
try {
  const code = await run(stop.signal)
  process.exitCode = stop.signal.aborted ? 130 : code
} catch (error) {
  if (!stop.signal.aborted) say(error instanceof Error ? error.message : String(error))
  process.exitCode = stop.signal.aborted ? 130 : 1
}
