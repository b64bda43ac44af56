// Checks that the user that OnAir runs as can reach everything it needs: OnAir's own files, Node, and the
// folders of the settings. A checkout below /root is the usual reason why not.
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { userName } from '../../control/common/folder-owner.ts'
import { StartError } from '../start-error.ts'
import { asUser, type SystemUser } from './run-as.ts'

export interface Needed {
  /** What it is, for the message: a setting's name, or words. */
  readonly what: string
  readonly path: string
  /** As test(1) has it: r for a file, w for a folder. */
  readonly access: 'r' | 'w'
}

interface Check {
  readonly needed: Needed
  readonly path: string
  readonly access: 'r' | 'w' | 'x'
}

/** @throws StartError that names each folder or file, the user, and what to do */
export function requireReachable(user: SystemUser, needed: readonly Needed[]): void {
  const checks = needed.filter(({ path }) => existsSync(path)).flatMap(checksFor)
  const script = 'while [ $# -gt 0 ]; do test "$1" "$2" && echo yes || echo no; shift 2; done'
  const args = checks.flatMap(({ access, path }) => [`-${access}`, path])
  const [program = '', ...rest] = asUser(user, false, 'sh', '-c', script, 'sh', ...args)
  // In /, because the shell complains when it may not enter the working directory.
  const { status, stdout, stderr, error } = spawnSync(program, rest, { cwd: '/', encoding: 'utf8' })
  const answers = stdout?.trim().split('\n') ?? []
  if (status !== 0 || answers.length !== checks.length) {
    throw new StartError(
      `OnAir can't start: root can't start programs as the user ${user.name}: ${error?.message ?? stderr.trim()}\n` +
        'This takes setpriv (Debian: util-linux) and the right to change the user, which some containers lack.',
    )
  }
  const failed = checks.filter((_, index) => answers[index] === 'no')
  // Of each path only the first folder that stands in the way.
  const first = failed.filter(({ needed: one }, index) => failed[index - 1]?.needed !== one)
  if (first.length > 0) throw new StartError(explain(user, first))
}

function checksFor(needed: Needed): Check[] {
  const path = realpathSync(needed.path)
  const parents: Check[] = []
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    parents.unshift({ needed, path: folder, access: 'x' })
    if (folder === '/') break
  }
  const own: Check = { needed, path, access: needed.access }
  return needed.access === 'w' ? [...parents, { ...own, access: 'x' }, own] : [...parents, own]
}

function explain({ name }: SystemUser, failed: readonly Check[]): string {
  const blocking = Map.groupBy(failed, ({ path, access }) => `${access}:${path}`)
  const lines = [...blocking.values()].map((checks) => {
    const [{ path, access }] = checks as [Check]
    const { mode, uid } = statSync(path)
    const whose = `mode ${(mode & 0o7777).toString(8).padStart(4, '0')}, belongs to ${userName(uid)}`
    const may = { x: 'enter', r: 'read', w: 'write to' }[access]
    return `  can't ${may} ${path} (${whose}): needed for ${checks.map(({ needed }) => needed.what).join(', ')}`
  })
  const folders = [...blocking.keys()].filter((key) => key.startsWith('x:')).map((key) => key.slice(2))
  const others = folders.length < blocking.size
  return [
    `OnAir can't start: started by root, it runs as the user ${name}, who`,
    ...lines,
    'Do one of these:',
    ...(folders.length > 0 ? [`  let others pass through: chmod o+x ${folders.join(' ')}`] : []),
    ...(others ? [`  give the user ${name} the access that is missing`] : []),
    '  move OnAir, or set those folders, to where every user may go, such as /srv or /var/lib/onair',
    '  start OnAir as another user, or name one in RUN_AS',
    '  only to try OnAir: RUN_AS=root, and whoever finds a hole in nginx or ffmpeg is root on this machine',
  ].join('\n')
}
