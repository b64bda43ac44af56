// Where a Unix socket is, when the path that it should have is longer than the kernel takes.
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** In bytes: sockaddr_un has room for 107 and a zero; longer paths would be cut off silently. */
const LONGEST_SOCKET_PATH = 107

/** Not os.tmpdir(), whose path can be long too. */
const SHORT_FOLDERS = '/tmp'

/**
 * @returns the path itself, or one in a folder under /tmp when it is too long; the folder exists
 * @throws Error when the folder belongs to another user or is open to others
 */
export function fittingSocket(path: string): string {
  const fits = Buffer.byteLength(path) <= LONGEST_SOCKET_PATH
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 16)
  const parent = fits ? dirname(path) : join(SHORT_FOLDERS, `onair-${hash}`)
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  const { uid, mode } = lstatSync(parent)
  // Everybody can write to /tmp: a folder or link that another user has created there must not be used.
  if (!lstatSync(parent).isDirectory() || uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new Error(
      `${parent} gets a socket, so it must be a folder of this user with mode 0700. Correct its mode or remove it.`,
    )
  }
  return join(parent, basename(path))
}

/** Removes the socket's folder if it is under /tmp. Call it when nothing listens there any more. */
export function removeSocketFolder(socket: string): void {
  if (/^\/tmp\/onair-[0-9a-f]{16}$/.test(dirname(socket)))
    rmSync(dirname(socket), { recursive: true, force: true })
}
