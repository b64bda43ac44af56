// Gives OnAir's folders to the user that OnAir runs as: those that are missing are made, and those that an
// OnAir running as root has made change their owner. Runs as root, so it follows no link, and changes nothing
// that is not OnAir's.
import {
  closeSync,
  constants,
  existsSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { STREAM_ID } from '../../control/domain/keys.ts'
import { StartError } from '../start-error.ts'
import type { SystemUser } from './run-as.ts'

export interface OwnFolder {
  /** The setting that names it. */
  readonly setting: string
  readonly path: string
  /** What OnAir writes directly in it; nothing else in it changes its owner. */
  readonly own: RegExp
  /** What is in it when OnAir has used it before; undefined: any of `own`. */
  readonly marks?: readonly string[]
}

interface Folders {
  readonly dataDir: string
  readonly hlsDir: string
  readonly dashDir: string
  readonly recordingsDir: string
}

export function ownFolders({ dataDir, hlsDir, dashDir, recordingsDir }: Folders): OwnFolder[] {
  return [
    {
      setting: 'DATA_DIR',
      path: dataDir,
      own: /^(mysql(\.new.*)?|tmp|run|nginx.*|tls-self-signed|recordings|media|installation-id.*|database-url|.*-key)$/,
      // Not mysql: the machine's own database has a folder of that name in /var/lib.
      marks: ['installation-id', 'nginx/onair.conf'],
    },
    { setting: 'HLS_DIR', path: hlsDir, own: STREAM_ID },
    { setting: 'DASH_DIR', path: dashDir, own: STREAM_ID },
    {
      setting: 'RECORDINGS_DIR',
      path: recordingsDir,
      own: /^(\.folder-id.*|[0-9a-z]{20}.*)$/,
      marks: ['.folder-id'],
    },
  ]
}

/** Made by mkfs at the top of a file system; belongs to root, and says nothing about who uses the folder. */
const IGNORED = 'lost+found'
/** Without O_NONBLOCK, opening a pipe waits for its writer. */
const OPEN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * @returns whether the folder belonged to root before and was in use
 * @throws StartError when root's folder has only files in it that are not OnAir's
 */
export function takeOver({ setting, path, own, marks }: OwnFolder, user: SystemUser): boolean {
  mkdirSync(path, { recursive: true })
  // A link to a folder is fine; whose link it is was checked before.
  const folder = realpathSync(path)
  const { uid, dev } = statSync(folder)
  if (uid !== 0) return false
  const entries = readdirSync(folder).filter((name) => name !== IGNORED)
  const ours = entries.filter((name) => own.test(name))
  const used = marks === undefined ? ours.length > 0 : marks.some((name) => existsSync(join(folder, name)))
  if (entries.length > 0 && !used) {
    throw new StartError(
      `OnAir can't start: ${setting} ${path} belongs to root and has files that are not OnAir's (${entries.slice(0, 3).join(', ')}).\n` +
        `OnAir runs as the user ${user.name}. Make a folder of its own for ${setting}, or give this one to it: chown -R ${user.name}: ${path}`,
    )
  }
  for (const name of ours) give(join(folder, name), user, dev)
  giveOne(folder, user, dev)
  return entries.length > 0
}

/** What is in a folder comes before the folder itself, so that an interrupted walk begins again. */
function give(path: string, user: SystemUser, dev: number): void {
  const fd = openQuietly(path)
  if (fd === undefined) return
  try {
    const found = fstatSync(fd)
    // Another file system is not OnAir's. A folder that is somebody's already is complete, see above.
    if (found.uid !== 0 || found.dev !== dev) return
    if (found.isDirectory()) {
      // By the descriptor, so that nobody can put a link in the folder's place meanwhile.
      for (const name of readdirSync(`/proc/self/fd/${fd}`)) give(`/proc/self/fd/${fd}/${name}`, user, dev)
    }
    fchownSync(fd, user.uid, user.gid)
  } finally {
    closeSync(fd)
  }
}

function giveOne(path: string, user: SystemUser, dev: number): void {
  const fd = openSync(path, OPEN | constants.O_DIRECTORY)
  try {
    if (fstatSync(fd).dev === dev) fchownSync(fd, user.uid, user.gid)
  } finally {
    closeSync(fd)
  }
}

/** Undefined for links, sockets and what is gone. The folder's owner can replace them, whoever has made them. */
function openQuietly(path: string): number | undefined {
  try {
    return openSync(path, OPEN)
  } catch {
    return undefined
  }
}
