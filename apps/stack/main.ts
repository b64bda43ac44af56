// The process of `npm start`: reads the settings, starts OnAir, and stops it on Ctrl-C, SIGTERM or SIGHUP.
// Exit code 0 when it was stopped, 1 when it could not start.
import { type Config, ConfigError, readConfig } from '../control/config.ts'
import { waitUntilReady } from './readiness.ts'
import { StartError, startStack } from './stack.ts'

/** Under npm one Ctrl-C arrives twice, from the terminal and from npm, which passes it on. */
const SAME_CTRL_C_MS = 500

const stop = new AbortController()
const force = new AbortController()
let firstSignalAt: number | undefined

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function onSignal(): void {
  const now = performance.now()
  if (firstSignalAt === undefined) {
    firstSignalAt = now
    say('OnAir is stopping')
    stop.abort()
  } else if (now - firstSignalAt > SAME_CTRL_C_MS && !force.signal.aborted) {
    say('OnAir is stopping without waiting')
    force.abort()
  }
}

function announce(config: Config, startedAt: number): void {
  say(`
OnAir is ready (after ${((performance.now() - startedAt) / 1000).toFixed(1)} s)

  Page  ${config.publicUrl}/
  RTMP  ${config.rtmpUrl}
  Stream keys: at ${config.publicUrl}/studio, or with POST ${config.publicUrl}/v1/streams

npm run demo publishes a test picture. Ctrl-C stops OnAir.
`)
}

async function run(): Promise<void> {
  const startedAt = performance.now()
  const config = readConfig()
  const { signal } = stop
  await using _stack = await startStack({ config, env: process.env, say, signal, force: force.signal })
  const urls = {
    control: `${config.controlUrl}/healthz`,
    nginx: `http://127.0.0.1:${config.httpPort}/readyz`,
  }
  await waitUntilReady(urls, say, signal)
  announce(config, startedAt)
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal)
// The program that reads the output may end first (npm start | head); OnAir keeps running.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

// A pending promise does not keep Node running; this does, until a signal comes.
const keepAlive = setInterval(() => undefined, 60_000)
try {
  await run()
} catch (error) {
  if (error instanceof ConfigError || error instanceof StartError) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  } else if (!stop.signal.aborted) {
    throw error
  }
} finally {
  clearInterval(keepAlive)
  if (stop.signal.aborted) say('OnAir has stopped')
}
