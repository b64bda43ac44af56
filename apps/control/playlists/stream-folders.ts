// The folders in which this node keeps files of streams, each with a directory for each stream: HLS, DASH, recordings,
// and recordings that are being made. To remove all that is there of a deleted stream.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { nullIfMissing } from '../common/file-errors.ts'
import { STREAM_ID } from '../domain/keys.ts'

/** nginx may write a file into a directory while it is being removed: then it is tried again. */
const RETRIES = 5

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

  /** Removes all files of a stream; it may have none. */
  async remove(id: string): Promise<void> {
    if (!STREAM_ID.test(id)) throw new Error('not a stream id')
    for (const root of this.#roots) {
      await rm(join(root, id), { recursive: true, force: true, maxRetries: RETRIES, retryDelay: 20 })
    }
  }
}
