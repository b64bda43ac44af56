// Ends the playlists that streams have left in this node's folder: players of a playlist without EXT-X-ENDLIST
// ask for it for ever. Those of streams that end on this node are ended by their teardown.
import type { Logger } from '../common/logger.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { StreamStore } from '../streams/store.ts'
import type { Stat } from './stat.ts'

const SWEEP_MS = 300_000
/** Younger directories may belong to an admission that is being committed: looked at again soon. */
const YOUNG_MS = 30_000

/** Which streams nginx has. */
type Listed = Pick<Stat, 'live' | 'hls'>

export interface LeftPlaylistsOptions {
  readonly store: StreamStore
  readonly folder: HlsFolder
  readonly logger: Logger
  readonly nodeId: string
  readonly monotonicMs?: () => number
}

export class LeftPlaylists {
  readonly #options: LeftPlaylistsOptions
  readonly #monotonicMs: () => number
  /** Streams that were open on this node in the previous round. */
  #open: ReadonlySet<string> = new Set()
  #sweepAtMs = Number.NEGATIVE_INFINITY
  /** Directories in which nothing was left to do: when they were changed. */
  #done: ReadonlyMap<string, number> = new Map()

  constructor(options: LeftPlaylistsOptions) {
    this.#options = options
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
  }

  /** Whether streams were open on this node in the last round. */
  get hasOpen(): boolean {
    return this.#open.size > 0
  }

  /**
   * Ends the playlist of each stream that is no longer open on this node: its publisher returned to another
   * node and continues there. What a restart has made this process forget, a sweep of the folder finds, at
   * start and every few minutes.
   * @param open the streams that are open on this node now
   * @throws DatabaseUnavailableError
   */
  async round(snapshot: Listed, open: ReadonlySet<string>): Promise<void> {
    const stillOpen = new Set(open)
    for (const id of this.#open) {
      if (open.has(id)) continue
      // nginx still writes it: the next round tries again.
      if (isAtNginx(snapshot, id)) stillOpen.add(id)
      else await this.#attempt(id, this.#options.folder.close(id))
    }
    this.#open = stillOpen
    if (this.#monotonicMs() >= this.#sweepAtMs) await this.#sweep(snapshot, stillOpen)
  }

  async #sweep(snapshot: Listed, open: ReadonlySet<string>): Promise<void> {
    const { folder } = this.#options
    const done = new Map<string, number>()
    let isOneYoung = false
    for (const id of await folder.streamIds()) {
      if (open.has(id) || isAtNginx(snapshot, id)) continue
      const changedAtMs = (await folder.changedAt(id))?.getTime() ?? 0
      // Only whether it is young goes by two clocks, this machine's and the file system's.
      if (Math.abs(Date.now() - changedAtMs) < YOUNG_MS) isOneYoung = true
      else if (this.#done.get(id) === changedAtMs) done.set(id, changedAtMs)
      else if (await this.#finish(id)) done.set(id, changedAtMs)
    }
    this.#done = done
    this.#sweepAtMs = this.#monotonicMs() + (isOneYoung ? YOUNG_MS : SWEEP_MS)
  }

  /** @returns whether nothing is left to do in the stream's directory, unless it is changed */
  async #finish(id: string): Promise<boolean> {
    const { store, folder, nodeId } = this.#options
    if (await folder.isFinished(id)) return true
    const stream = await store.find(id)
    // The reconciler looks after what is open here. What the database does not know may be another's.
    if (stream?.nodeId === nodeId && stream.playlistOpen) return false
    return this.#attempt(id, stream === null ? folder.discard(id) : folder.close(id))
  }

  /** @returns whether it worked; otherwise it is tried again */
  async #attempt(id: string, work: Promise<unknown>): Promise<boolean> {
    try {
      await work
      return true
    } catch (error) {
      const { logger } = this.#options
      logger.warn(
        { err: error, stream: id },
        'a playlist that was left behind could not be ended; trying again',
      )
      return false
    }
  }
}

function isAtNginx({ live, hls }: Listed, id: string): boolean {
  return live.has(id) || hls.has(id)
}
