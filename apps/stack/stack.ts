// The whole service on one machine: starts the database, both nginx processes, media and control as child
// processes, in this order, and stops them in the reverse order.
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Config, requireSafeFolders, type TlsFiles } from '../control/config.ts'
import { keptPassword, writeDatabaseUrl } from './mariadb/database-url.ts'
import { EmbeddedMariadb } from './mariadb/embedded-mariadb.ts'
import { findTakenPorts } from './ports.ts'
import { commonEnv, settingsEnv, withoutSecrets } from './settings-env.ts'
import { StartError } from './start-error.ts'
import type { ReadTls } from './start-settings.ts'
import { FolderLock } from './supervision/folder-lock.ts'
import { endOrphans } from './supervision/pid-file.ts'
import { fittingSocket, removeSocketFolder } from './supervision/socket-path.ts'
import { SupervisedChild } from './supervision/supervised-child.ts'
import type { Certificate } from './tls/certificate.ts'
import { CertificateKeeper } from './tls/certificate-keeper.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** How long each may take to stop. Together less than 10 s, the time that stopping OnAir may take. */
const GRACE_MS = { control: 4000, media: 1000, nginx: 1500, mariadb: 2500 }

/** Two processes, so that nothing that strangers do over HTTP takes connections from publishers and hooks. */
const NGINX_ROLES = ['ingest', 'public'] as const

export interface StackOptions {
  readonly config: Config
  /** What TLS_CERT and TLS_KEY contain; null without them. */
  readonly certificate: Certificate | null
  readonly readTls: ReadTls
  /** The process to name when a second start finds this one. */
  readonly pid: number
  /** The environment of this process; the children get it with every setting filled in. */
  readonly env: NodeJS.ProcessEnv
  readonly say: (line: string) => void
  /** Aborts the start. */
  readonly signal: AbortSignal
  /** Once aborted, children are killed instead of being given time to stop. */
  readonly force: AbortSignal
}

/**
 * Starts everything. Disposing of the result stops everything.
 * @throws ConfigError when a folder is not safe to work in
 * @throws StartError when the data folder is in use, a port is taken, or the database does not start
 */
export async function startStack(options: StackOptions): Promise<AsyncDisposable> {
  const { config, say } = options
  requireSafeFolders(config)
  await using started = new AsyncDisposableStack()
  const dataDir = resolve(config.dataDir)
  const runDir = join(dataDir, 'run')
  started.use(await lockDataFolder(dataDir, options.pid))
  const ended = await endOrphans(runDir)
  if (ended.length > 0) say(`ended processes that an earlier start has left running: ${ended.join(', ')}`)
  const taken = await findTakenPorts(config)
  if (taken.length > 0)
    throw new StartError(`OnAir can't start:\n${taken.map((line) => `  ${line}`).join('\n')}`)
  mkdirSync(runDir, { recursive: true, mode: 0o700 })
  for (const folder of [config.hlsDir, config.dashDir]) mkdirSync(folder, { recursive: true })

  const databaseUrl = config.databaseUrl?.reveal() ?? (await startDatabase(options, dataDir, started))
  options.signal.throwIfAborted()
  const mediaSocket = prepareSocket(config.mediaSocket)
  const env = { ...options.env, ...settingsEnv(config), MEDIA_SOCKET: mediaSocket }
  const tlsDir = join(dataDir, 'nginx-tls')
  if (config.tls !== null && options.certificate !== null) {
    started.use(keepCertificate(options, config.tls, options.certificate, tlsDir))
  }
  const nginxEnv = { ...env, TLS_DIR: config.tls === null ? '' : tlsDir }
  const nginx = NGINX_ROLES.map((role) => startNginx(role, options, nginxEnv, dataDir))
  started.defer(async () => {
    await Promise.all(nginx.map((it) => it.stop(GRACE_MS.nginx)))
  })
  const media = startMedia(options, env, runDir)
  started.defer(() => removeSocketFolder(mediaSocket))
  started.defer(() => media.stop(GRACE_MS.media))
  const control = startControl(options, { ...env, DATABASE_URL: databaseUrl }, runDir)
  started.defer(() => control.stop(GRACE_MS.control))
  return started.move()
}

function prepareSocket(path: string): string {
  try {
    return fittingSocket(resolve(path))
  } catch (error) {
    throw new StartError(`OnAir can't start: MEDIA_SOCKET: ${(error as Error).message}`)
  }
}

async function lockDataFolder(dataDir: string, pid: number): Promise<FolderLock> {
  const lock = await FolderLock.take(dataDir, pid)
  if (lock instanceof FolderLock) return lock
  throw new StartError(
    `OnAir is already running on DATA_DIR ${dataDir} (pid ${lock.heldBy}).\n` +
      'Stop it first. To run a second instance, set DATA_DIR, HLS_DIR, DASH_DIR and every port to other values.',
  )
}

function keepCertificate(
  { readTls, say }: StackOptions,
  files: TlsFiles,
  certificate: Certificate,
  folder: string,
): CertificateKeeper {
  return new CertificateKeeper({
    ...{ read: () => readTls(files), certificate, folder },
    say: (line) => say(`[tls] ${line}`),
  }).start()
}

async function startDatabase(
  { env, say, signal, force }: StackOptions,
  dataDir: string,
  started: AsyncDisposableStack,
): Promise<string> {
  const account = { name: 'onair', password: keptPassword(dataDir) }
  const mariadb = await EmbeddedMariadb.start({
    folder: dataDir,
    env: withoutSecrets(env),
    account,
    onLine: (line) => say(`[db] ${line}`),
    signal,
    force,
  }).catch((error: Error) => {
    signal.throwIfAborted()
    throw new StartError(`The embedded database in ${dataDir} did not start.\n${error.message}`)
  })
  started.defer(() => mariadb.stop(GRACE_MS.mariadb))
  const url = mariadb.accountUrl(account)
  writeDatabaseUrl(dataDir, url)
  return url
}

function startNginx(
  role: (typeof NGINX_ROLES)[number],
  { say, force }: StackOptions,
  env: NodeJS.ProcessEnv,
  dataDir: string,
): SupervisedChild {
  return new SupervisedChild({
    name: `${role}-nginx`,
    command: 'sh',
    args: [join(ROOT, 'nginx/start.sh'), role],
    // One user for all of it: an NGINX_USER is for who runs the script without the stack.
    env: { ...withoutSecrets(env), NGINX_RUN_DIR: join(dataDir, 'nginx'), NGINX_USER: '' },
    lowPorts: true,
    pidFolder: join(dataDir, 'run'),
    onLine: (line) => say(`[${role}-nginx] ${line}`),
    say,
    force,
  }).start()
}

/** Every ffmpeg runs under media, which parses what strangers publish: it gets nothing but the names of folders. */
function startMedia({ say, force }: StackOptions, env: NodeJS.ProcessEnv, runDir: string): SupervisedChild {
  const { HLS_DIR, RECORDINGS_DIR, MEDIA_SOCKET, LOG_LEVEL } = env
  return new SupervisedChild({
    name: 'media',
    command: process.execPath,
    args: [join(ROOT, 'apps/media/main.ts')],
    env: { ...commonEnv(env), HLS_DIR, RECORDINGS_DIR, MEDIA_SOCKET, LOG_LEVEL },
    pidFolder: runDir,
    onLine: (line) => say(line.startsWith('{') ? line : `[media] ${line}`),
    say,
    force,
  }).start()
}

function startControl(
  { config, say, force }: StackOptions,
  env: NodeJS.ProcessEnv,
  runDir: string,
): SupervisedChild {
  return new SupervisedChild({
    name: 'control',
    // The same Node.js that runs this process.
    command: process.execPath,
    args: [join(ROOT, 'apps/control/main.ts')],
    env,
    lowPorts: Math.min(config.apiPort, config.hooksPort) < 1024,
    pidFolder: runDir,
    // Control logs JSON, which is printed unchanged so that it can be piped to jq.
    onLine: (line) => say(line.startsWith('{') ? line : `[control] ${line}`),
    say,
    force,
  }).start()
}
