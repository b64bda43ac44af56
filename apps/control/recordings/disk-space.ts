// How much free space a disk has. Recording stops while there is still enough left for live streams.
import { statfs } from 'node:fs/promises'

/** Bytes that a process without root's rights can still write to the folder's file system. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
