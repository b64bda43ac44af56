// Recordings in a folder: <RECORDINGS_DIR>/<stream id>/, from where nginx serves them.
import { constants } from 'node:fs'
import { copyFile, link, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nanoid } from 'nanoid'
import { hasCode, isMissing } from '../common/file-errors.ts'
import type { Storage, StoredFile } from './storage.ts'

/** What is being written has a name that begins so, until it is whole. */
const DRAFT = '.'
/** Where links can't be made: another file system, somebody else's file, or too many links. */
const UNLINKABLE = ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP']

export class FolderStorage implements Storage {
  readonly kind = 'folder'
  readonly #root: string

  /** @param root RECORDINGS_DIR */
  constructor(root: string) {
    this.#root = root
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

  /** Under its name once it is whole, in the place of what had that name before. */
  async #put(streamId: string, name: string, make: (path: string) => Promise<void>): Promise<void> {
    const folder = this.#folder(streamId)
    // nginx's worker may be somebody else, and has to get in.
    await mkdir(folder, { recursive: true, mode: 0o755 })
    const draft = join(folder, `${DRAFT}${nanoid()}`)
    try {
      await make(draft)
      await rename(draft, join(folder, name))
    } finally {
      // Also when all went well: renaming one link to a file over another one to it does nothing.
      await rm(draft, { force: true })
    }
  }
}
