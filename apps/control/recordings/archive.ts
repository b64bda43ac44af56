// Copies the finished segments that this node's nginx has of one broadcast into a storage. Which segments are stored
// is what the storage lists: this can stop at any moment, and another process continues from there.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { nullIfMissing } from '../common/file-errors.ts'
import type { PartFigures } from '../domain/recording-part.ts'
import { MissingCount, type StoredSegment } from '../domain/segment.ts'
import type { HlsFolder } from '../playlists/hls-folder.ts'
import type { ListedSegment } from '../playlists/playlist.ts'
import { nodeTag, parseSegmentName, segmentName } from './segment-name.ts'
import type { Storage } from './storage.ts'

/** Runs work as soon as fewer than a fixed number of others are running. */
export type Limit = <T>(work: () => Promise<T>) => Promise<T>

export interface ArchiveOptions {
  readonly storage: Storage
  readonly folder: HlsFolder
  /** Bounds how many segments of all streams are being stored at a time. */
  readonly limit: Limit
  readonly nodeId: string
}

/** Figures of the stored segments. */
export interface Totals {
  readonly durationMs: number
  /** Of the segments alone, without playlist, MP4 and poster. */
  readonly sizeBytes: number
  readonly missingSegments: number
}

export class Archive {
  readonly #streamId: string
  readonly #options: ArchiveOptions
  readonly #node: string
  /** The stored segments of all nodes, in playing order; null until the storage has been listed. */
  #segments: StoredSegment[] | null = null
  /** The `startedAtMs` of this node's stored segments, which identifies them, with their sizes. */
  readonly #own = new Map<number, number>()
  /** The `startedAtMs` of segments that nginx removed before they could be stored. */
  readonly #lost = new Set<number>()
  #durationMs = 0
  #sizeBytes = 0
  #missing = new MissingCount()
  /** The last segment of the playlist that needs no more work. */
  #lastHandled: ListedSegment | null = null
  /** The version of the playlist that was last handled to its end, and whether it had its ENDLIST. */
  #handledVersion: string | null = null
  #closed = false
  #handledAtMs = 0

  constructor(streamId: string, options: ArchiveOptions) {
    this.#streamId = streamId
    this.#options = options
    this.#node = nodeTag(options.nodeId)
  }

  /** The stored segments of all nodes, in playing order; empty until the storage has been listed. */
  get segments(): readonly StoredSegment[] {
    return this.#segments ?? []
  }

  /** Null until the storage has been listed. */
  get totals(): Totals | null {
    if (this.#segments === null) return null
    return {
      durationMs: this.#durationMs,
      sizeBytes: this.#sizeBytes,
      missingSegments: this.#missing.total,
    }
  }

  /** What this node has stored. */
  get own(): PartFigures {
    return {
      segments: this.#own.size,
      sizeBytes: [...this.#own.values()].reduce((sum, size) => sum + size, 0),
    }
  }

  /** How long this has not seen the playlist change. */
  get unchangedForMs(): number {
    return this.#handledVersion === null ? 0 : performance.now() - this.#handledAtMs
  }

  /** Lists the storage again: another node may have stored segments of this broadcast since. */
  async reload(signal: AbortSignal): Promise<void> {
    const files = await this.#options.storage.list(this.#streamId, signal)
    this.#segments = []
    this.#own.clear()
    this.#durationMs = 0
    this.#sizeBytes = 0
    this.#missing = new MissingCount()
    for (const { name, sizeBytes } of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const segment = parseSegmentName(name)
      if (segment !== null) this.#add(segment, sizeBytes)
    }
  }

  /**
   * Stores every finished segment that is not stored yet. What was stored before an error stays stored, and
   * the next call continues from there.
   * @returns whether nginx will add no more segments: the playlist has its ENDLIST, or there is none
   */
  async storeNewSegments(signal: AbortSignal): Promise<boolean> {
    const { storage, folder, limit } = this.#options
    if (this.#segments === null) await this.reload(signal)
    const version = await folder.version(this.#streamId)
    if (version === null) return true
    if (version === this.#handledVersion) return this.#closed
    const playlist = await folder.read(this.#streamId, this.#lastHandled)
    if (playlist === null) return true
    for (const listed of playlist.segments) {
      const { file, ...rest } = listed
      const segment = { ...rest, node: this.#node }
      signal.throwIfAborted()
      if (!this.#own.has(segment.startedAtMs) && !this.#lost.has(segment.startedAtMs)) {
        const path = join(folder.directory(this.#streamId), file)
        const sizeBytes = await sizeOf(path)
        if (sizeBytes === null) this.#lost.add(segment.startedAtMs)
        else {
          await limit(() => storage.storeFile(this.#streamId, segmentName(segment), path, signal))
          this.#add(segment, sizeBytes)
        }
      }
      this.#lastHandled = listed
    }
    this.#handledVersion = version
    this.#handledAtMs = performance.now()
    this.#closed = playlist.closed
    return playlist.closed
  }

  #add(segment: StoredSegment, sizeBytes: number): void {
    this.#segments ??= []
    const last = this.#segments.at(-1)
    this.#segments.push(segment)
    // Out of order: another node stored later segments already, or the clock was set back.
    if (last !== undefined && last.startedAtMs > segment.startedAtMs)
      this.#segments.sort((a, b) => a.startedAtMs - b.startedAtMs)
    // Without a tag: stored by an earlier version, of which only this node continues a recording.
    if (segment.node === this.#node || segment.node === '') this.#own.set(segment.startedAtMs, sizeBytes)
    this.#durationMs += segment.durationMs
    this.#sizeBytes += sizeBytes
    this.#missing.add(segment)
  }
}

/** Null: there is no such file. */
async function sizeOf(path: string): Promise<number | null> {
  return (await stat(path).catch(nullIfMissing))?.size ?? null
}
