// Which system user OnAir runs as when root starts it, and how a program is started as that user.
import { spawnSync } from 'node:child_process'
import { StartError } from '../start-error.ts'

/** Made by the set-up when root starts OnAir and RUN_AS names no other. */
export const DEFAULT_USER = 'onair'

export interface SystemUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/**
 * @param wanted RUN_AS; null when it is not set
 * @returns null: OnAir goes on as the user who started it
 * @throws StartError when that user does not exist, or when only root could become it
 */
export function whoToRunAs(wanted: string | null): SystemUser | null {
  if (process.getuid?.() !== 0) {
    if (wanted !== null && findUser(wanted)?.uid !== process.getuid?.()) {
      throw new StartError(
        `OnAir can't start: RUN_AS is ${wanted}, but only root can start OnAir as another user. Remove RUN_AS, or start OnAir as root.`,
      )
    }
    return null
  }
  const name = wanted ?? DEFAULT_USER
  const user = findUser(name)
  if (user === undefined) {
    throw new StartError(
      `OnAir can't start: root starts it as the user ${name}${wanted === null ? '' : ' (RUN_AS)'}, who does not exist.\n` +
        `Make that user (useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin ${name}), or name another in RUN_AS.`,
    )
  }
  return user.uid === 0 ? null : user
}

export function findUser(name: string): SystemUser | undefined {
  const { status, stdout } = spawnSync('getent', ['passwd', '--', name], { encoding: 'utf8' })
  if (status !== 0) return undefined
  const [found = name, , uid, gid, , home = '/'] = stdout.trim().split(':')
  return { name: found, uid: Number(uid), gid: Number(gid), home }
}

/**
 * A command line that runs a program as the user: without supplementary groups, unable to get more rights by
 * set-user-ID programs, and killed when its parent dies. setpriv is part of util-linux, which every Debian and
 * Ubuntu has.
 * @param lowPorts keeps the one capability that ports below 1024 take
 */
export function asUser(user: SystemUser, lowPorts: boolean, ...command: readonly string[]): string[] {
  const kept = lowPorts ? ',+net_bind_service' : ''
  return [
    'setpriv',
    ...[`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--no-new-privs'],
    ...[`--inh-caps=-all${kept}`, `--ambient-caps=-all${kept}`, '--pdeathsig=KILL', '--'],
    ...command,
  ]
}
