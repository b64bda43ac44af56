// Stores recordings in a folder, <RECORDINGS_DIR>/<stream id>/, from which nginx serves them.
import { constants } from 'node:fs'
import { copyFile, link, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nanoid } from 'nanoid'
import { hasCode, isMissing } from '../common/file-errors.ts'
import { freeBytes } from './disk-space.ts'
import { openFolder } from './folder-id.ts'
import { CANNOT_LINK } from './hard-links.ts'
import type { Storage, StoredFile } from './storage.ts'

/** The name of a file that is still being written begins with this. */
const DRAFT_PREFIX = '.'

export class FolderStorage implements Storage {
  readonly kind = 'folder'
  readonly fetchCopies = false
  readonly #root: string
  readonly #minFreeBytes: number
  #id: string | null = null

  /**
   * @param root RECORDINGS_DIR
   * @param minFreeBytes with less free space than this, no more segments are stored
   */
  constructor(root: string, minFreeBytes: number) {
    this.#root = root
    this.#minFreeBytes = minFreeBytes
  }

  /** To be called before anything else. @throws RecordingsFolderError */
  async open(): Promise<void> {
    this.#id = await openFolder(this.#root)
  }

  get id(): string {
    if (this.#id === null) throw new Error('the recordings folder is not open yet')
    return this.#id
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
    const finished = names.filter((name) => !name.startsWith(DRAFT_PREFIX))
    return Promise.all(
      finished.map(async (name) => ({ name, sizeBytes: (await stat(join(folder, name))).size })),
    )
  }

  async storeFile(streamId: string, name: string, path: string): Promise<void> {
    await this.#replace(streamId, name, (draft) =>
      link(path, draft).catch((error: unknown) => {
        if (!CANNOT_LINK.some((code) => hasCode(error, code))) throw error
        return copyFile(path, draft, constants.COPYFILE_FICLONE)
      }),
    )
  }

  async storeText(streamId: string, name: string, text: string): Promise<void> {
    await this.#replace(streamId, name, (draft) => writeFile(draft, text))
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

  /** Lets `make` write a draft, and renames it to `name` once it is complete. */
  async #replace(streamId: string, name: string, make: (path: string) => Promise<void>): Promise<void> {
    const folder = this.#folder(streamId)
    // nginx's worker may run as another user, and has to read the folder.
    await mkdir(folder, { recursive: true, mode: 0o755 })
    const draft = join(folder, `${DRAFT_PREFIX}${nanoid()}`)
    try {
      await make(draft)
      await rename(draft, join(folder, name))
    } finally {
      // Also after success: rename does nothing when both names already link to the same file.
      await rm(draft, { force: true })
    }
  }
}
