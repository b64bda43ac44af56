// One broadcast's archive: takes over from nginx's playlist what is finished and not yet kept. What is
// kept is what the storage says; so it can be left at any moment, and goes on from there.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { nullIfMissing } from '../common/file-errors.ts'
import { missingBetween, type Segment } from '../domain/segment.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { ListedSegment } from '../playlists/playlist.ts'
import { parseSegmentName, segmentName } from './segment-name.ts'
import type { Storage } from './storage.ts'

/** Runs work now or when it is its turn; what bounds how much is under way in all. */
export type Turn = <T>(work: () => Promise<T>) => Promise<T>

export interface ArchiveOptions {
  readonly storage: Storage
  readonly folder: HlsFolder
  readonly turn: Turn
}

export interface Totals {
  readonly durationMs: number
  /** Of the segments. */
  readonly sizeBytes: number
  readonly missingSegments: number
}

export class Archive {
  readonly #streamId: string
  readonly #options: ArchiveOptions
  /** What is safe, in order; null as long as the storage has not been asked. */
  #segments: Segment[] | null = null
  /** When each of them began, which is what tells them apart. */
  readonly #known = new Set<number>()
  /** Listed, but gone from nginx's folder before they could be kept. */
  readonly #lost = new Set<number>()
  #totals: Totals = { durationMs: 0, sizeBytes: 0, missingSegments: 0 }
  /** Up to here nothing of the playlist is left to be done. */
  #upTo: ListedSegment | null = null
  /** The playlist that was last gone through to its end, and whether it says that nothing will follow. */
  #done: string | null = null
  #closed = false

  constructor(streamId: string, options: ArchiveOptions) {
    this.#streamId = streamId
    this.#options = options
  }

  /** In order; empty as long as the storage has not been asked. */
  get segments(): readonly Segment[] {
    return this.#segments ?? []
  }

  /** What they come to; null as long as the storage has not been asked. */
  get totals(): Totals | null {
    return this.#segments === null ? null : this.#totals
  }

  /** Asks the storage anew: another node may have kept its part meanwhile. */
  async recount(signal: AbortSignal): Promise<void> {
    const files = await this.#options.storage.list(this.#streamId, signal)
    this.#segments = []
    this.#known.clear()
    this.#totals = { durationMs: 0, sizeBytes: 0, missingSegments: 0 }
    for (const { name, sizeBytes } of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const segment = parseSegmentName(name)
      if (segment !== null) this.#add(segment, sizeBytes)
    }
  }

  /**
   * Keeps whatever is finished by now. Goes as far as it gets: what fails, the next call tries again.
   * @returns whether the playlist says that nothing will follow, or there is none
   */
  async catchUp(signal: AbortSignal): Promise<boolean> {
    const { storage, folder, turn } = this.#options
    if (this.#segments === null) await this.recount(signal)
    const version = await folder.version(this.#streamId)
    if (version === null) return true
    if (version === this.#done) return this.#closed
    const playlist = await folder.read(this.#streamId, this.#upTo)
    if (playlist === null) return true
    for (const listed of playlist.segments) {
      const { file, ...segment } = listed
      signal.throwIfAborted()
      if (!this.#known.has(segment.startedAtMs) && !this.#lost.has(segment.startedAtMs)) {
        const path = join(folder.directory(this.#streamId), file)
        const sizeBytes = await sizeOf(path)
        if (sizeBytes === null) this.#lost.add(segment.startedAtMs)
        else {
          await turn(() => storage.keep(this.#streamId, segmentName(segment), path, signal))
          this.#add(segment, sizeBytes)
        }
      }
      this.#upTo = listed
    }
    this.#done = version
    this.#closed = playlist.closed
    return playlist.closed
  }

  #add(segment: Segment, sizeBytes: number): void {
    this.#segments ??= []
    const last = this.#segments.at(-1)
    this.#segments.push(segment)
    this.#known.add(segment.startedAtMs)
    const { durationMs, missingSegments } = this.#totals
    this.#totals = {
      durationMs: durationMs + segment.durationMs,
      sizeBytes: this.#totals.sizeBytes + sizeBytes,
      missingSegments: missingSegments + missingBetween(last, segment),
    }
    // A part of another node's, or a clock that was set back.
    if (last !== undefined && last.startedAtMs > segment.startedAtMs) this.#sort()
  }

  #sort(): void {
    const segments = (this.#segments ?? []).sort((a, b) => a.startedAtMs - b.startedAtMs)
    const missing = segments.map((segment, index) => missingBetween(segments[index - 1], segment))
    this.#totals = { ...this.#totals, missingSegments: missing.reduce((sum, count) => sum + count, 0) }
  }
}

async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(nullIfMissing))?.size ?? null
}
