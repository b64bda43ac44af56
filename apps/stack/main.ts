// The process of `npm start`: reads the settings, starts OnAir, and stops it on Ctrl-C, SIGTERM or SIGHUP.
// Called by root, it starts itself again as an unprivileged user and only stays to read what that user may not.
// Exit code 0 when it was stopped, 1 when it could not start.
import { ConfigError, readSecretFiles } from '../control/config.ts'
import { receiveCertificates } from './privileges/certificate-pipe.ts'
import { LAUNCHED_BY, launch } from './privileges/launcher.ts'
import { whoToRunAs } from './privileges/run-as.ts'
import { type Readiness, waitUntilReady } from './readiness.ts'
import { startStack } from './stack.ts'
import { StartError } from './start-error.ts'
import { readStartSettings, type StartSettings } from './start-settings.ts'
import { readCertificate } from './tls/certificate.ts'

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

/** Where to look whether everything runs. */
function readiness({ config }: StartSettings): Readiness {
  const { controlUrl, httpAddress, rtmpAddress, httpPort, httpsPort, rtmpsPort } = config
  const host = reachable(httpAddress)
  const ports = [
    { setting: 'HTTPS_PORT', host, port: httpsPort },
    { setting: 'RTMPS_PORT', host: reachable(rtmpAddress), port: rtmpsPort },
  ]
  return {
    control: `${controlUrl}/healthz`,
    nginx: `http://${host.includes(':') ? `[${host}]` : host}:${httpPort}/readyz`,
    tls: config.tls === null ? [] : ports,
  }
}

/** An address at which this machine reaches what listens on the given one. */
function reachable(address: string | null): string {
  if (address === null || address === '0.0.0.0') return '127.0.0.1'
  return address === '::' ? '::1' : address
}

/** Things that are allowed but probably not meant. */
function warn({ config, selfSigned }: StartSettings): void {
  if (process.getuid?.() === 0)
    say('RUN_AS=root: everything runs as root, nginx and ffmpeg too. That is for trying OnAir only.')
  if (selfSigned) say('The certificate is self-signed: browsers warn about it. It is for trying OnAir only.')
  if (config.tls === null) return
  if (config.publicUrl.startsWith('http:'))
    say(`PUBLIC_URL is ${config.publicUrl}: browsers do not play video from there on a page over HTTPS`)
}

function announce({ config, selfSigned }: StartSettings, startedAt: number): void {
  say(`
OnAir is ready (after ${((performance.now() - startedAt) / 1000).toFixed(1)} s)

  Page  ${config.publicUrl}/
  RTMP  ${config.rtmpUrl}
  Stream keys: at ${config.publicUrl}/studio, or with POST ${config.publicUrl}/v1/streams

npm run demo${selfSigned ? ' -- --tls-self-signed' : ''} publishes a test picture. Ctrl-C stops OnAir.
`)
}

async function main(): Promise<void> {
  const { [LAUNCHED_BY]: launcher, ...given } = process.env
  // OnAir gets the secrets themselves: the files may be readable for this process's user only.
  const { env } = readSecretFiles(given)
  const args = process.argv.slice(2)
  if (launcher !== undefined) return await run(args, env, Number(launcher))
  const settings = readStartSettings(args, given, { makeSelfSigned: false })
  const user = whoToRunAs(settings.config.runAs)
  if (user === null) return await run(args, env, process.pid)
  process.exitCode = await launch(user, { settings, args, env, say })
}

/** @param pid the process that a user would stop, for the message about a DATA_DIR that is in use */
async function run(args: readonly string[], env: NodeJS.ProcessEnv, pid: number): Promise<void> {
  const startedAt = performance.now()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal)
  // The launcher reads certificates that the user who runs this may not read.
  const received = pid !== process.pid && env.TLS_CERT ? await receiveCertificates() : undefined
  const readTls = received ?? readCertificate
  const settings = readStartSettings(args, env, { readTls })
  warn(settings)
  const { signal } = stop
  await using _stack = await startStack({
    ...{ ...settings, readTls, env, pid, say, signal, force: force.signal },
  })
  await waitUntilReady(readiness(settings), say, signal)
  announce(settings, startedAt)
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

// The program that reads the output may end first (npm start | head); OnAir keeps running.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

// A pending promise does not keep Node running; this does, until a signal comes.
const keepAlive = setInterval(() => undefined, 60_000)
try {
  await main()
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
