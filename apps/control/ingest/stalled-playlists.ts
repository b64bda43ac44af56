// A publisher sends, and nothing of it reaches the HLS folder: viewers see nothing. The stream says so
// (fact playlist-stalled), and what may help is tried, gently first and then ever more rarely
// (docs/decisions/0015-nginx-silent-and-stalled-playlists.md).
import type { Logger } from '../common/logger.ts'
import type { Session, Stream } from '../domain/stream.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { Progress } from '../playlists/write-progress.ts'
import type { StreamService } from '../streams/service.ts'
import type { NginxClient, Snapshot } from './nginx-client.ts'

/** A keyframe every 10 s makes segments of 10 s: a playlist of that age is nothing unusual. */
const PLAYLIST_MS = 15_000
/** nginx adds to a segment several times a second, however long the segment gets. */
const SEGMENT_MS = 6_000
/** nginx ends a segment after 30 s, keyframe or not (hls_max_fragment): then the playlist has to go on. */
const LONGEST_SEGMENT_MS = 40_000
/** Segments are looked at from here on: twice before PLAYLIST_MS is much exceeded. */
export const LOOK_AT_SEGMENTS_MS = 12_000

/** nginx's push takes 1 to 2 s to come back, and the first segment as long as a keyframe takes to come. */
const AFTER_RELAY_MS = 20_000
const AFTER_PUBLISHER_MS = 60_000
const MAX_WAIT_MS = 600_000
const FOLDER_AGAIN_MS = 10_000

export interface StalledPlaylistsOptions {
  readonly streams: StreamService
  readonly nginx: NginxClient
  readonly folder: HlsFolder
  readonly logger: Logger
  readonly monotonicMs?: () => number
}

interface Repairs {
  readonly attempts: number
  readonly nextAtMs: number
}

/** Whether nothing of what a publisher sends reaches its folder. */
export function isStalled({ playlistMs, anyFileMs }: Progress): boolean {
  return (playlistMs >= PLAYLIST_MS && anyFileMs >= SEGMENT_MS) || playlistMs >= LONGEST_SEGMENT_MS
}

export class StalledPlaylists {
  readonly #options: StalledPlaylistsOptions
  readonly #monotonicMs: () => number
  readonly #repairs = new Map<string, Repairs>()
  #isFolderWritable = true

  constructor(options: StalledPlaylistsOptions) {
    this.#options = options
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
  }

  /**
   * To be called for a stream whose publisher nginx has.
   * @throws DatabaseUnavailableError, NginxUnavailableError
   */
  async check(stream: Stream, session: Session, progress: Progress, snapshot: Snapshot): Promise<void> {
    const { id, status, liveAt } = stream
    if (!isStalled(progress)) {
      if (status === 'live') this.#repairs.delete(id)
      return
    }
    // What never was live promises viewers nothing; its encoder may send what nginx can't write as HLS.
    if (liveAt === null) return
    if (status === 'live') {
      const { modifiedAt } = progress
      await this.#options.streams.submit(id, { kind: 'playlist-stalled', session, modifiedAt })
    }
    await this.#repair(id, session, snapshot)
  }

  /** Forgets all other streams. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#repairs.keys()) if (!ids.has(id)) this.#repairs.delete(id)
  }

  async #repair(id: string, { clientId }: Session, snapshot: Snapshot): Promise<void> {
    const { nginx, logger } = this.#options
    const nowMs = this.#monotonicMs()
    const { attempts, nextAtMs } = this.#repairs.get(id) ?? { attempts: 0, nextAtMs: nowMs }
    if (nowMs < nextAtMs) return
    if (!(await this.#canWrite(id))) {
      // A new publisher could not be written either. nginx goes on by itself as soon as there is space.
      this.#repairs.set(id, { attempts, nextAtMs: nowMs + FOLDER_AGAIN_MS })
      return
    }
    const isRelay = attempts === 0 && snapshot.hls.has(id)
    const waitMs = isRelay ? AFTER_RELAY_MS : Math.min(AFTER_PUBLISHER_MS * 2 ** attempts, MAX_WAIT_MS)
    this.#repairs.set(id, { attempts: attempts + 1, nextAtMs: nowMs + waitMs })
    if (isRelay) {
      logger.warn({ stream: id }, 'a live playlist has stopped growing; restarting nginx’s push to it')
      await nginx.drop('hls', id)
    } else {
      const figures = { stream: id, attempts, nextInS: waitMs / 1_000 }
      logger.warn(
        figures,
        'a live playlist does not grow; dropping the publisher, so that the encoder reconnects',
      )
      await nginx.drop('live', id, clientId)
    }
  }

  /** Logged once when it begins and once when it ends: all streams have the same trouble. */
  async #canWrite(id: string): Promise<boolean> {
    const { folder, logger } = this.#options
    const reason = await folder.obstacle(id)
    if (reason !== null && this.#isFolderWritable) {
      logger.error({ reason }, 'HLS_DIR cannot be written; viewers see nothing until it can')
    } else if (reason === null && !this.#isFolderWritable) {
      logger.warn('HLS_DIR can be written again')
    }
    this.#isFolderWritable = reason === null
    return this.#isFolderWritable
  }
}
