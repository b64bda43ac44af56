// A small disk of its own for a node's HLS folder, so that it can be filled. Needs root.
import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hasCode } from '../../apps/control/common/file-errors.ts'

/** More than some 20 minutes of small broadcasts need. */
const SIZE_MB = 400
const FILLER = '.filler'

export class SmallDisk implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  /** Null: this process may not mount one. */
  static async mount(folder: string): Promise<SmallDisk | null> {
    await mkdir(folder, { recursive: true })
    try {
      await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m,mode=0755`, 'tmpfs', folder])
    } catch {
      return null
    }
    return new SmallDisk(folder)
  }

  /** Writes until nothing more fits. */
  async fill(): Promise<void> {
    const piece = Buffer.alloc(4 * 1024 * 1024)
    try {
      for (;;) await writeFile(join(this.folder, FILLER), piece, { flag: 'a' })
    } catch (error) {
      if (!hasCode(error, 'ENOSPC')) throw error
    }
  }

  async empty(): Promise<void> {
    await rm(join(this.folder, FILLER), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Lazily: nginx may still have files open.
    await promisify(execFile)('umount', ['--lazy', this.folder])
  }
}
