// npm start's process: settings in, OnAir up, and down again on Ctrl-C or SIGTERM. Exit code 0 when it
// was stopped, 1 when it could not start.
import { type Config, ConfigError, readConfig } from '../control/config.ts'
import { waitUntilReady } from './readiness.ts'
import { StartError, startStack } from './stack.ts'

/** One Ctrl-C arrives twice under npm, from the terminal and from npm itself. */
const SAME_KEY_STROKE_MS = 500

const stop = new AbortController()
const hurry = new AbortController()
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
  } else if (now - firstSignalAt > SAME_KEY_STROKE_MS && !hurry.signal.aborted) {
    say('OnAir stops at once')
    hurry.abort()
  }
}

function announce(config: Config, startedAt: number): void {
  say(`
OnAir is ready (after ${((performance.now() - startedAt) / 1000).toFixed(1)} s)

  page  ${config.publicUrl}/
  RTMP  ${config.rtmpUrl}  (stream keys: the page's studio, or POST ${config.publicUrl}/v1/streams)

A test picture: npm run demo. Ctrl-C stops OnAir.
`)
}

async function run(): Promise<void> {
  const startedAt = performance.now()
  const config = readConfig()
  const { signal } = stop
  await using _stack = await startStack({ config, env: process.env, say, signal, hurry: hurry.signal })
  const urls = {
    control: `${config.controlUrl}/healthz`,
    all: `http://127.0.0.1:${config.httpPort}/readyz`,
  }
  await waitUntilReady(urls, say, signal)
  announce(config, startedAt)
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal)
// Whoever read the output may have gone (npm start | head); that is no reason to fall over.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

// Keeps the process up while it only waits for a signal.
const awake = setInterval(() => undefined, 60_000)
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
  clearInterval(awake)
  if (stop.signal.aborted) say('OnAir has stopped')
}
