// Recordings in a folder: <RECORDINGS_DIR>/<stream id>/, from where nginx serves them.
import { constants } from 'node:fs'
import { copyFile, link, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nanoid } from 'nanoid'
import { hasCode, isMissing } from '../common/file-errors.ts'
import { freeBytes } from './disk-space.ts'
import type { Storage, StoredFile } from './storage.ts'

/** A file that is still being written has a name that begins with this. */
const DRAFT = '.'
/** Hard links are impossible: another file system, another owner's file, or too many links. */
const UNLINKABLE = ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP']

export class FolderStorage implements Storage {
  readonly kind = 'folder'
  readonly fetchCopies = false
  readonly #root: string
  readonly #minFreeBytes: number

  /**
   * @param root RECORDINGS_DIR
   * @param minFreeBytes a disk with less free space than this takes no more segments
   */
  constructor(root: string, minFreeBytes: number) {
    this.#root = root
    this.#minFreeBytes = minFreeBytes
  }

  async hasRoom(): Promise<boolean> {
    return (await freeBytes(this.#root)) >= this.#minFreeBytes
  }

  isFull(error: unknown): boolean {
    return hasCode(error, 'ENOSPC')
  }

  async list(streamId: string): Promise<StoredFile[]> {
    const folder = this.#folder(streamId)
    const names = await readdir(folder).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw error
    })
    const whole = names.filter((name) => !name.startsWith(DRAFT))
    return Promise.all(
      whole.map(async (name) => ({ name, sizeBytes: (await stat(join(folder, name))).size })),
    )
  }

  async keep(streamId: string, name: string, path: string): Promise<void> {
    await this.#put(streamId, name, (draft) =>
      link(path, draft).catch((error: unknown) => {
        if (!UNLINKABLE.some((code) => hasCode(error, code))) throw error
        return copyFile(path, draft, constants.COPYFILE_FICLONE)
      }),
    )
  }

  async write(streamId: string, name: string, text: string): Promise<void> {
    await this.#put(streamId, name, (draft) => writeFile(draft, text))
  }

  async fetch(streamId: string, name: string): Promise<string> {
    return join(this.#folder(streamId), name)
  }

  async remove(streamId: string): Promise<void> {
    await rm(this.#folder(streamId), { recursive: true, force: true })
  }

  #folder(streamId: string): string {
    return join(this.#root, streamId)
  }

  /** Makes the file under a draft name and renames it once it is whole; replaces a file of that name. */
  async #put(streamId: string, name: string, make: (path: string) => Promise<void>): Promise<void> {
    const folder = this.#folder(streamId)
    // nginx's worker may run as another user and has to read this.
    await mkdir(folder, { recursive: true, mode: 0o755 })
    const draft = join(folder, `${DRAFT}${nanoid()}`)
    try {
      await make(draft)
      await rename(draft, join(folder, name))
    } finally {
      // Needed after success too: rename does nothing when both names already link to the same file.
      await rm(draft, { force: true })
    }
  }
}
