// Whether a folder is safe to work in. In /tmp, another user of the machine can make OnAir's folder before OnAir
// does, and put links into it that lead viewers to any file that OnAir may read.
import { execFileSync } from 'node:child_process'
import { lstatSync, type Stats, statSync } from 'node:fs'

export interface FolderUser {
  readonly uid: number
  /** Groups whose members may write, too: they were let in on purpose. */
  readonly groups: readonly number[]
}

/** The user of this process. */
export function thisUser(): FolderUser {
  const { getuid, getgid, getgroups } = process
  return { uid: getuid?.() ?? 0, groups: [getgid?.() ?? 0, ...(getgroups?.() ?? [])] }
}

/**
 * A folder has to belong to the user or to root, and others must not be able to write to it. The sticky bit of
 * /tmp changes nothing: it does not keep anybody from adding files.
 * @param folders each setting with its path
 * @returns one line for each unsafe folder, beginning with its setting; a folder that does not exist is none
 */
export function unsafeFolders(folders: Readonly<Record<string, string>>, user = thisUser()): string[] {
  return Object.entries(folders).flatMap(([setting, path]) => {
    const problem = whyUnsafe(path, user)
    return problem === undefined ? [] : [`${setting}: ${problem}; or set ${setting} to another folder`]
  })
}

function whyUnsafe(path: string, { uid, groups }: FolderUser): string | undefined {
  const link = lstatSync(path, { throwIfNoEntry: false })
  if (link === undefined) return undefined
  const foreign = (found: Stats) => found.uid !== 0 && found.uid !== uid
  if (link.isSymbolicLink() && foreign(link)) {
    return `${path} is a link that belongs to ${userName(link.uid)}, who could let it lead anywhere. Remove it (rm ${path})`
  }
  const folder = statSync(path, { throwIfNoEntry: false })
  if (folder === undefined) return `${path} is a link that leads nowhere. Remove it (rm ${path})`
  if (!folder.isDirectory()) return `${path} is not a folder. Remove it`
  if (foreign(folder)) {
    return (
      `${path} belongs to ${userName(folder.uid)}, not to ${userName(uid)} or root, and its owner could put links to any file into it. ` +
      `Remove it (rm -r ${path}), or give it to OnAir's user (chown -R ${userName(uid)} ${path})`
    )
  }
  const mode = (folder.mode & 0o7777).toString(8).padStart(4, '0')
  if ((folder.mode & 0o002) !== 0) {
    return `every user can write to ${path} (mode ${mode}), also links to any file. Forbid it (chmod o-w ${path})`
  }
  if ((folder.mode & 0o020) !== 0 && !groups.includes(folder.gid)) {
    return `a group that ${userName(uid)} is not in can write to ${path} (mode ${mode}). Forbid it (chmod g-w ${path})`
  }
  return undefined
}

/** The name of a user id, for messages; the number when there is no name for it. */
export function userName(uid: number): string {
  if (uid === 0) return 'root'
  try {
    const line = execFileSync('getent', ['passwd', `${uid}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return line.split(':')[0] || `user id ${uid}`
  } catch {
    return `user id ${uid}`
  }
}
