// The folders in which this node keeps files of streams, each with a directory for each stream: HLS, DASH, recordings,
// and recordings that are being made. To remove all that is there of a deleted stream.
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { nullIfMissing } from '../common/file-errors.ts'
import { STREAM_ID } from '../domain/keys.ts'

/** nginx may write a file into a directory while it is being removed: then it is tried again. */
const REMOVE = { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }

export class StreamFolders {
  readonly #roots: readonly string[]

  constructor(roots: readonly string[]) {
    this.#roots = roots
  }

  /** The streams that have a directory in any of them. */
  async ids(): Promise<string[]> {
    const ids = new Set<string>()
    for (const root of this.#roots) {
      const entries = (await readdir(root, { withFileTypes: true }).catch(nullIfMissing)) ?? []
      for (const entry of entries) if (entry.isDirectory() && STREAM_ID.test(entry.name)) ids.add(entry.name)
    }
    return [...ids]
  }

  /** Whether a stream has a directory in any of them. */
  async has(id: string): Promise<boolean> {
    for (const root of this.#roots)
      if ((await stat(join(root, id)).catch(nullIfMissing)) !== null) return true
    return false
  }

  /** Removes all files of a stream; it may have none. What cannot be removed does not keep the rest. */
  async remove(id: string): Promise<void> {
    if (!STREAM_ID.test(id)) throw new Error('not a stream id')
    const removals = this.#roots.map((root) => rm(join(root, id), REMOVE))
    for (const removal of await Promise.allSettled(removals)) {
      if (removal.status === 'rejected') throw removal.reason
    }
  }
}
