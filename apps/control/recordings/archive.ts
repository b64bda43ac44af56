// One broadcast's archive: takes over from nginx's playlist what is finished and not yet kept. What is
// kept is what the storage says; so it can be left at any moment, and goes on from there.
import { stat } from 'node:fs/promises'
import { nullIfMissing } from '../file-errors.ts'
import type { PlaylistFolder } from '../playlists/playlist-folder.ts'
import { missingBetween, nameOf, parseName, type Segment } from './segment.ts'
import type { Storage } from './storage.ts'

/** Runs work now or when it is its turn; what bounds how much is under way in all. */
export type Turn = <T>(work: () => Promise<T>) => Promise<T>

export interface ArchiveOptions {
  readonly storage: Storage
  readonly folder: PlaylistFolder
  readonly turn: Turn
}

export class Archive {
  readonly #streamId: string
  readonly #options: ArchiveOptions
  /** By when they began, which is what names them; null as long as the storage has not been asked. */
  #kept: Map<number, { readonly segment: Segment; readonly sizeBytes: number }> | null = null
  /** Listed, but gone from nginx's folder before they could be kept. */
  readonly #lost = new Set<number>()
  /** When the playlist was written that was last gone through to its end, and whether it was the last. */
  #doneAt: number | null = null
  #closed = false

  constructor(streamId: string, options: ArchiveOptions) {
    this.#streamId = streamId
    this.#options = options
  }

  /** What is safe, in order. */
  get segments(): Segment[] {
    const kept = [...(this.#kept?.values() ?? [])]
    return kept.map(({ segment }) => segment).sort((a, b) => a.startedAtMs - b.startedAtMs)
  }

  get durationMs(): number {
    return this.segments.reduce((sum, { durationMs }) => sum + durationMs, 0)
  }

  get sizeBytes(): number {
    return [...(this.#kept?.values() ?? [])].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  get missingSegments(): number {
    const { segments } = this
    return segments.reduce((sum, segment, index) => sum + missingBetween(segments[index - 1], segment), 0)
  }

  /** Asks the storage anew: another node may have kept its part meanwhile. */
  async recount(signal: AbortSignal): Promise<void> {
    this.#kept = await this.#listKept(signal)
  }

  /**
   * Keeps whatever is finished by now. Goes as far as it gets: what fails, the next call tries again.
   * @returns whether the playlist says that nothing will follow, or there is none
   */
  async catchUp(signal: AbortSignal): Promise<boolean> {
    const { storage, folder, turn } = this.#options
    this.#kept ??= await this.#listKept(signal)
    const modifiedAt = (await folder.modifiedAt(this.#streamId))?.getTime() ?? null
    if (modifiedAt === null) return true
    if (modifiedAt === this.#doneAt) return this.#closed
    const playlist = await folder.read(this.#streamId)
    if (playlist === null) return true
    for (const { path, ...segment } of playlist.segments) {
      const { startedAtMs } = segment
      if (this.#kept.has(startedAtMs) || this.#lost.has(startedAtMs)) continue
      signal.throwIfAborted()
      const sizeBytes = await sizeOf(path)
      if (sizeBytes === null) {
        this.#lost.add(startedAtMs)
        continue
      }
      await turn(() => storage.keep(this.#streamId, nameOf(segment), path, signal))
      this.#kept.set(startedAtMs, { segment, sizeBytes })
    }
    this.#doneAt = modifiedAt
    this.#closed = playlist.closed
    return playlist.closed
  }

  async #listKept(signal: AbortSignal) {
    const files = await this.#options.storage.list(this.#streamId, signal)
    return new Map(
      files.flatMap(({ name, sizeBytes }) => {
        const segment = parseName(name)
        return segment === null ? [] : [[segment.startedAtMs, { segment, sizeBytes }] as const]
      }),
    )
  }
}

async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(nullIfMissing))?.size ?? null
}
