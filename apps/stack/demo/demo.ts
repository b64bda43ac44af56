// The process of `npm run demo`: creates a stream, publishes a test picture with its stream key, and prints the
// watch URL and each event of the stream, until Ctrl-C.
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { parseArgs } from 'node:util'
import { type Config, ConfigError, readConfig } from '../../control/config.ts'
import { selfSignedFiles } from '../tls/self-signed.ts'
import { DemoApi, DemoError, type IssuedStream, type StreamEvent } from './demo-api.ts'
import { publishTestPicture } from './test-picture.ts'

const RETRY_EVERY_MS = 2000
/** An encoder that ran for this long had been accepted by nginx. */
const ACCEPTED_AFTER_MS = 2000

const stop = new AbortController()

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function describe({ type, createdAt, stream, resumed }: StreamEvent): string {
  const time = new Date(createdAt).toLocaleTimeString('sv')
  const more = type === 'stream.ended' ? `  (${stream.endReason})` : resumed ? '  (resumed)' : ''
  return `${time}.${createdAt.slice(20, 23)}  ${type}${more}`
}

/** Like OBS, reconnects after a lost connection, for as long as the reconnect window lasts. */
async function keepPublishing(api: DemoApi, issued: IssuedStream, config: Config): Promise<void> {
  const { id, streamKey } = issued
  let giveUpAt = performance.now() + config.reconnectWindowMs
  while (!stop.signal.aborted) {
    const startedAt = performance.now()
    const reason = await publishTestPicture(streamKey.ingestUrl, streamKey.value, stop.signal)
    if (stop.signal.aborted) return
    const ranMs = performance.now() - startedAt
    if (ranMs > ACCEPTED_AFTER_MS) giveUpAt = performance.now() + config.reconnectWindowMs
    const stream = await api.readStream(id)
    if (stream?.status === 'ended') return say(`The stream has ended (${stream.endReason}).`)
    if (performance.now() > giveUpAt) throw new DemoError(`ffmpeg can't publish: ${reason}`)
    const what = ranMs > ACCEPTED_AFTER_MS ? 'The connection was lost' : 'nginx did not accept the encoder'
    say(`${what} (ffmpeg: ${reason || 'no message'}); trying again in ${RETRY_EVERY_MS / 1000} s`)
    await delay(RETRY_EVERY_MS, undefined, { signal: stop.signal }).catch(() => undefined)
  }
}

function wantsSelfSigned(): boolean {
  try {
    const { values } = parseArgs({ options: { 'tls-self-signed': { type: 'boolean' } } })
    return values['tls-self-signed'] ?? false
  } catch {
    throw new DemoError('The only option of npm run demo is --tls-self-signed.')
  }
}

/** With --tls-self-signed, as npm start was called, it trusts the certificate that npm start has made. */
function readDemoConfig(): Config {
  if (!wantsSelfSigned()) return readConfig()
  const config = readConfig({ ...process.env, TLS_CERT: 'cert.pem', TLS_KEY: 'key.pem' })
  const { certFile } = selfSignedFiles(config.dataDir)
  try {
    setDefaultCACertificates([...getCACertificates('default'), readFileSync(certFile, 'utf8')])
  } catch (error) {
    const { message } = error as Error
    throw new DemoError(`The certificate of npm start -- --tls-self-signed can't be read: ${message}`)
  }
  return config
}

async function run(): Promise<void> {
  const config = readDemoConfig()
  const api = new DemoApi(config)
  const issued = await api.createStream('Test picture')
  say(`\nWatch it at ${config.publicUrl}/watch/${issued.id}  (Ctrl-C ends it)\n`)
  const ended = Promise.withResolvers<void>()
  using _events = api.events(issued.id, (event) => {
    say(describe(event))
    if (event.type === 'stream.ended') ended.resolve()
  })
  await keepPublishing(api, issued, config)
  if (!stop.signal.aborted) return
  await api.endStream(issued.id, issued.streamKey.value).catch((error: Error) => {
    throw new DemoError(
      `The stream could not be ended (${error.message}). It ends by itself after the reconnect window.`,
    )
  })
  // Waits for the event, which is printed with the reason for the end; but not for long after a Ctrl-C.
  await Promise.race([ended.promise, delay(2000, undefined, { ref: false })])
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())
process.stdout.on('error', () => stop.abort())
try {
  await run()
} catch (error) {
  if (!(error instanceof DemoError || error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
