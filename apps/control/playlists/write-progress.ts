// Watches whether nginx goes on writing a stream's files: by level, a look every few seconds, and by what
// changes between two looks, so that no clock has to agree with the file system's.
import type { HlsFolder } from './hls-folder.ts'

/** A look at a thousand playlists takes 70 ms of CPU. */
const LOOK_EVERY_MS = 4_000

/** How long nothing was seen to change, in milliseconds. */
export interface Progress {
  /** Since the playlist was written. */
  readonly playlistMs: number
  /** Since the playlist or the segment that nginx is writing has grown, as far as anybody looked. */
  readonly anyFileMs: number
  /** When the playlist was written, by the file system's clock; null: there is none. */
  readonly modifiedAt: Date | null
}

interface Seen {
  readonly session: string
  lookedAtMs: number
  modifiedAt: Date | null
  playlistAtMs: number
  anyFileAtMs: number
  /** The newest segment and its size; undefined: nobody looked since the playlist was written. */
  segment: string | null | undefined
}

export class WriteProgress {
  readonly #folder: HlsFolder
  readonly #monotonicMs: () => number
  readonly #seen = new Map<string, Seen>()

  constructor(folder: HlsFolder, monotonicMs: () => number = () => performance.now()) {
    this.#folder = folder
    this.#monotonicMs = monotonicMs
  }

  /**
   * Looks at a stream's files, if the last look is 4 s ago or its playlist is getting old. Times count from
   * the first look at this session.
   * @param session names the publisher's session: another one begins anew
   * @param segmentsAfterMs how old the playlist has to be until its segments are looked at, too: listing an
   *   hour of them takes a hundred times as long
   */
  async look(id: string, session: string, segmentsAfterMs: number): Promise<Progress> {
    const nowMs = this.#monotonicMs()
    const seen = this.#seen.get(id)
    const isEnough = seen?.session === session && nowMs - seen.lookedAtMs < LOOK_EVERY_MS
    if (isEnough && nowMs - seen.playlistAtMs < segmentsAfterMs) return toProgress(seen, nowMs)
    const modifiedAt = await this.#folder.modifiedAt(id)
    if (seen?.session !== session || seen.modifiedAt?.getTime() !== modifiedAt?.getTime()) {
      const times = { lookedAtMs: nowMs, playlistAtMs: nowMs, anyFileAtMs: nowMs }
      this.#seen.set(id, { session, modifiedAt, ...times, segment: undefined })
      return { playlistMs: 0, anyFileMs: 0, modifiedAt }
    }
    seen.lookedAtMs = nowMs
    if (nowMs - seen.playlistAtMs >= segmentsAfterMs) {
      const segment = await this.#folder.newestSegment(id)
      // The first look can't tell whether it grows: the next one will. Without space nginx goes on making
      // segments, but they are empty.
      if (seen.segment === undefined || (segment !== null && segment !== seen.segment))
        seen.anyFileAtMs = nowMs
      seen.segment = segment
    }
    return toProgress(seen, nowMs)
  }

  /** Forgets all other streams. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id)
  }
}

function toProgress({ playlistAtMs, anyFileAtMs, modifiedAt }: Seen, nowMs: number): Progress {
  return { playlistMs: nowMs - playlistAtMs, anyFileMs: nowMs - anyFileAtMs, modifiedAt }
}
