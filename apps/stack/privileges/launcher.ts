// The part of `npm start` that stays root when root has called it: prepares the folders, starts the stack as an
// unprivileged user, passes on signals, and reads certificates that only root may read. It listens nowhere.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { type Config, requireSafeFolders } from '../../control/config.ts'
import { StartError } from '../start-error.ts'
import type { StartSettings } from '../start-settings.ts'
import { readCertificate } from '../tls/certificate.ts'
import { CertificateSender } from './certificate-pipe.ts'
import { requireReachable } from './reachable.ts'
import { asUser, type SystemUser } from './run-as.ts'
import { ownFolders, takeOver } from './take-over.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const MAIN = join(ROOT, 'apps/stack/main.ts')
const FIRST_PORT_FOR_ALL = 1024

/** Tells the stack that a launcher has started it, and its process id. */
export const LAUNCHED_BY = 'ONAIR_LAUNCHED_BY'

export interface LaunchOptions {
  readonly settings: StartSettings
  /** Of npm start, for the stack. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly say: (line: string) => void
}

/**
 * Starts the stack as the user and waits until it has ended.
 * @returns its exit code
 * @throws ConfigError, StartError when the user cannot use a folder, or others could
 */
export async function launch(
  user: SystemUser,
  { settings: { config, selfSigned }, args, env, say }: LaunchOptions,
): Promise<number> {
  prepareFolders(config, user, say)
  say(`Started by root: OnAir runs as the user ${user.name} (RUN_AS names another)`)
  const [program = '', ...options] = asUser(
    user,
    usesLowPorts(config),
    process.execPath,
    ...process.execArgv,
    MAIN,
    ...args,
  )
  const tls = selfSigned ? null : config.tls
  const child = spawn(program, options, {
    env: { ...env, HOME: user.home, USER: user.name, LOGNAME: user.name, [LAUNCHED_BY]: `${process.pid}` },
    stdio: ['ignore', 'inherit', 'inherit', tls === null ? 'ignore' : 'pipe'],
  })
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal)
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, passOn)
  using _sender =
    tls === null ? null : new CertificateSender(child.stdio[3] as Writable, () => readCertificate(tls))
  const [code, signal] = await once(child, 'exit')
  if (signal !== null) say(`OnAir's process was killed (${signal})`)
  return code ?? 1
}

function prepareFolders(config: Config, user: SystemUser, say: (line: string) => void): void {
  requireSafeFolders(config, { uid: user.uid, groups: [user.gid, 0] })
  // nginx only reads it, and an ACME client, which is root as a rule, writes to it.
  if (config.acmeWebroot !== null) mkdirSync(config.acmeWebroot, { recursive: true })
  const folders = ownFolders(config).map((folder) => ({ ...folder, path: resolve(folder.path) }))
  for (const folder of folders) {
    const taken = attempt(folder.setting, () => takeOver(folder, user))
    if (taken) say(`${folder.setting} ${folder.path} belonged to root, and belongs to ${user.name} now`)
  }
  const own = ['package.json', 'nginx/start.sh', 'apps/stack/main.ts', 'node_modules/zod/package.json']
  requireReachable(user, [
    ...own.map((path) => ({ what: "OnAir's own files", path: join(ROOT, path), access: 'r' }) as const),
    { what: 'Node', path: process.execPath, access: 'r' },
    ...folders.map(({ setting, path }) => ({ what: setting, path, access: 'w' }) as const),
    ...(config.acmeWebroot === null
      ? []
      : [{ what: 'ACME_WEBROOT', path: config.acmeWebroot, access: 'r' } as const]),
  ])
}

function attempt<T>(setting: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`OnAir can't start: ${setting} can't be prepared: ${(error as Error).message}`)
  }
}

function usesLowPorts({ httpPort, rtmpPort, apiPort, hooksPort, ...other }: Config): boolean {
  const { internalHttpPort, internalRtmpPort, tls, httpsPort, rtmpsPort } = other
  const ports = [httpPort, rtmpPort, apiPort, hooksPort, internalHttpPort, internalRtmpPort]
  return [...ports, ...(tls === null ? [] : [httpsPort, rtmpsPort])].some((port) => port < FIRST_PORT_FOR_ALL)
}
