// The folders that media reads and writes in, and how a name from control becomes a path in one of them.
import { realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { FolderName } from '../control/media/media-api.ts'

/** There is no such file, or it is not in the folder. */
export class NoSuchFileError extends Error {
  override name = 'NoSuchFileError'
}

export class Folders {
  readonly #roots: Readonly<Record<FolderName, string>>

  /** @param roots absolute paths */
  constructor(roots: Readonly<Record<FolderName, string>>) {
    this.#roots = roots
  }

  /**
   * @param name as media-api.ts checks it
   * @returns the path without any symbolic link in it
   * @throws NoSuchFileError, also when a symbolic link leads out of the folder
   */
  async find(folder: FolderName, name: string): Promise<string> {
    try {
      const root = await realpath(this.#roots[folder])
      const path = await realpath(join(root, name))
      if (path.startsWith(root + sep)) return path
    } catch {
      // It does not exist, or may not be read.
    }
    throw new NoSuchFileError(`${name} is not in the folder ${folder}`)
  }
}
