// Whether there is room left on a disk. Live streams come first: what is recorded stops before them.
import { statfs } from 'node:fs/promises'

/** Bytes that can still be written in a folder's file system by whoever is not root. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
