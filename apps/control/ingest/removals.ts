// Removes what this node has of deleted streams: at once when it reads the event, again when nginx has dropped the
// publisher, and in regular rounds, for what came back or was deleted while this node was away.
import type { Logger } from '../common/logger.ts'
import type { StreamFolders } from '../playlists/stream-folders.ts'
import type { StreamService } from '../streams/service.ts'
import type { StreamStore } from '../streams/store.ts'
import type { Tombstones } from '../streams/tombstones.ts'
import type { NginxClient } from './nginx-client.ts'

/** How long nginx may take to drop a publisher; after that the next round tries again. */
const DROP_MS = 5_000
/** How long after a deletion each round looks whether something writes files of that stream again. */
const RECENT_MS = 600_000
/** How often all directories are compared with all tombstones. */
const SWEEP_MS = 300_000

export interface RemovalsOptions {
  readonly folders: StreamFolders
  readonly tombstones: Tombstones
  readonly nginx: NginxClient
  readonly streams: StreamService
  readonly store: StreamStore
  readonly logger: Logger
  readonly nodeId: string
  readonly monotonicMs?: (() => number) | undefined
}

export class Removals implements AsyncDisposable {
  readonly #options: RemovalsOptions
  readonly #monotonicMs: () => number
  readonly #running = new Map<string, Promise<void>>()
  /** Deleted streams that this process has to do with, and since when. */
  readonly #recent = new Map<string, number>()
  #sweepAtMs = 0

  constructor(options: RemovalsOptions) {
    this.#options = options
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
  }

  /**
   * Removes the files of streams that were deleted while this node was away. Call it before this node serves anything.
   * @throws DatabaseUnavailableError
   */
  async start(): Promise<void> {
    const { folders, tombstones, logger } = this.#options
    for (const id of await tombstones.among(await folders.ids())) {
      await folders.remove(id).catch((error: unknown) => {
        logger.warn({ err: error, stream: id }, 'files of a deleted stream could not be removed; retrying')
      })
    }
  }

  /** Removes all that this node has of a deleted stream; calls for one that is in progress share it. Never rejects. */
  run(id: string): Promise<void> {
    if (!this.#recent.has(id)) this.#recent.set(id, this.#monotonicMs())
    const running = this.#running.get(id) ?? this.#remove(id).finally(() => this.#running.delete(id))
    this.#running.set(id, running)
    return running
  }

  async #remove(id: string): Promise<void> {
    const { folders, nginx, streams, logger, nodeId } = this.#options
    try {
      // Nobody shall watch on while nginx is asked.
      await folders.remove(id)
      if (!(await nginx.clear(id, DROP_MS))) {
        logger.warn({ stream: id }, 'nginx still has the publisher of a deleted stream; retrying')
        return
      }
      // nginx writes the playlist once more when it drops a publisher.
      await folders.remove(id)
      await streams.submit(id, { kind: 'files-removed', nodeId })
    } catch (error) {
      logger.warn({ err: error, stream: id }, 'a deleted stream could not be removed completely; retrying')
    }
  }

  /** Removes what has come back, and rows of which nothing is left. @throws DatabaseUnavailableError */
  async round(): Promise<void> {
    const { folders, tombstones, store } = this.#options
    const nowMs = this.#monotonicMs()
    for (const [id, atMs] of this.#recent) {
      if (nowMs - atMs >= RECENT_MS) this.#recent.delete(id)
      else if (await folders.has(id)) void this.run(id)
    }
    const isSweep = nowMs >= this.#sweepAtMs
    if (isSweep) for (const id of await tombstones.among(await folders.ids())) void this.run(id)
    if (isSweep || this.#recent.size > 0) await store.removeDeleted()
    if (isSweep) this.#sweepAtMs = nowMs + SWEEP_MS
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.values())
  }
}
