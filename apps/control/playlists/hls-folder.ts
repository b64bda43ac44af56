// The HLS folder that nginx and control share: <HLS_DIR>/<stream id>/index.m3u8.
import { chownSync, mkdirSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { chown, readdir, readFile, rename, rm, rmdir, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode, isMissing, nullIfMissing } from '../common/file-errors.ts'
import { STREAM_ID } from '../domain/keys.ts'
import { type ListedSegment, type Playlist, parsePlaylist } from './playlist.ts'

export const PLAYLIST = 'index.m3u8'
/** A file that keeps nginx's cache manager from removing a directory that is still empty. */
const MARKER = '.awaited'
/** A file that is written and removed to find out whether it can be. */
const PROBE = '.probe'
/** Less free space than a few segments take counts as none. */
const ROOM_BYTES = 8 * 1024 * 1024
const SEGMENT = /^\d+\.ts$/
/** Ends a playlist: players stop polling (RFC 8216 §4.3.3.4). nginx-rtmp never writes it. */
const ENDLIST = '#EXT-X-ENDLIST'

export class HlsFolder {
  readonly root: string

  /** @param root HLS_DIR */
  constructor(root: string) {
    this.root = root
  }

  directory(id: string): string {
    return join(this.root, id)
  }

  /** When the stream's playlist was last written; null: there is none. */
  async modifiedAt(id: string): Promise<Date | null> {
    return (await stat(join(this.directory(id), PLAYLIST)).catch(nullIfMissing))?.mtime ?? null
  }

  /** A value that changes whenever the stream's playlist is written; null: there is no playlist. */
  async version(id: string): Promise<string | null> {
    const stats = await stat(join(this.directory(id), PLAYLIST)).catch(nullIfMissing)
    // Two files written within one tick of the kernel's clock have the same time but different inodes.
    return stats === null ? null : `${stats.ino} ${stats.mtimeMs} ${stats.size}`
  }

  /** Names the newest segment that is not empty and its size, listed or not; null: there is none. */
  async newestSegment(id: string): Promise<string | null> {
    const names = (await readdir(this.directory(id)).catch(nullIfMissing)) ?? []
    // Their names are the times when nginx began them, in ms, of one length until the year 2286.
    const newest = names.reduce((a, b) => (SEGMENT.test(b) && b > a ? b : a), '')
    const size = newest === '' ? 0 : (await stat(join(this.directory(id), newest)).catch(nullIfMissing))?.size
    return size ? `${newest} ${size}` : null
  }

  /**
   * Bytes that nginx can still write. Synchronous, because a publisher waits for it: see `prepare`.
   * A folder that cannot be asked counts as empty: `prepare` makes a missing one, and fails for any other.
   */
  freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.root)
      return bavail * bsize
    } catch {
      return Number.POSITIVE_INFINITY
    }
  }

  /** Why nginx can't write into a stream's directory, such as ENOSPC; null: nothing is known to prevent it. */
  async obstacle(id: string): Promise<string | null> {
    try {
      const { bavail, bsize } = await statfs(this.root)
      if (bavail * bsize < ROOM_BYTES) return 'ENOSPC'
      const probe = join(this.directory(id), PROBE)
      await writeFile(probe, '')
      await rm(probe)
      return null
    } catch (error) {
      // nginx makes a missing directory when it begins to write a stream.
      if (isMissing(error)) return null
      return error instanceof Error && 'code' in error ? String(error.code) : String(error)
    }
  }

  /**
   * The stream's playlist, parsed; null: there is none. Every segment it lists is finished and never
   * changes again.
   * @param after return only the segments that follow this one
   */
  async read(id: string, after: ListedSegment | null = null): Promise<Playlist | null> {
    const text = await readFile(join(this.directory(id), PLAYLIST), 'utf8').catch(nullIfMissing)
    return text === null ? null : parsePlaylist(text, after)
  }

  /**
   * Makes a stream's directory, so that it can be watched before nginx writes into it. Synchronous: a
   * publisher waits for this, and the thread pool's round trips took longer than everything else in control
   * (docs/decisions/0012-synchronous-file-calls.md).
   * @returns when the playlist that is already there was last written; null: there is none
   */
  prepare(id: string): Date | null {
    const directory = this.directory(id)
    mkdirSync(directory, { recursive: true, mode: 0o755 })
    if (process.getuid?.() === 0) {
      const { uid, gid } = statSync(this.root)
      if (uid !== 0) chownSync(directory, uid, gid)
    }
    writeFileSync(join(directory, MARKER), '')
    return statSync(join(directory, PLAYLIST), { throwIfNoEntry: false })?.mtime ?? null
  }

  /** Takes back what `prepare` has made: the publisher was not let in. What nginx has written stays. */
  async discard(id: string): Promise<void> {
    await this.removeMarker(id)
    await rmdir(this.directory(id)).catch(ignoreNotEmptyOrMissing)
  }

  /** The streams that have a directory. */
  async streamIds(): Promise<string[]> {
    const entries = await readdir(this.root, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && STREAM_ID.test(entry.name))
      .map(({ name }) => name)
  }

  /** When a file was last added to a stream's directory, replaced or removed; null: there is no directory. */
  async changedAt(id: string): Promise<Date | null> {
    return (await stat(this.directory(id)).catch(nullIfMissing))?.mtime ?? null
  }

  /** Whether a stream's directory is as `close` leaves it: no marker, and a playlist that has its end. */
  async isFinished(id: string): Promise<boolean> {
    const marker = await stat(join(this.directory(id), MARKER)).catch(nullIfMissing)
    const text = await readFile(join(this.directory(id), PLAYLIST), 'utf8').catch(nullIfMissing)
    return marker === null && text !== null && text.includes(ENDLIST)
  }

  /** To be called once the playlist exists, or is no longer expected: nginx may now remove an empty directory. */
  async removeMarker(id: string): Promise<void> {
    await rm(join(this.directory(id), MARKER), { force: true })
  }

  /**
   * Ends a stream's playlist with EXT-X-ENDLIST; a directory without a playlist is removed. Call it only
   * when nginx no longer writes: nginx would write the playlist again, without the end.
   */
  async close(id: string): Promise<void> {
    const path = join(this.directory(id), PLAYLIST)
    const text = await readFile(path, 'utf8').catch(nullIfMissing)
    if (text === null) return this.discard(id)
    await this.removeMarker(id)
    if (text.includes(ENDLIST)) return
    // Renamed into place, as nginx does, so that no player reads half a file.
    const draft = `${path}.bak`
    await writeFile(draft, `${text.trimEnd()}\n${ENDLIST}\n`)
    await this.#giveToFolderOwner(draft)
    await rename(draft, path)
  }

  /** When control runs as root, its files must belong to the folder's owner: nginx's worker. */
  async #giveToFolderOwner(path: string): Promise<void> {
    if (process.getuid?.() !== 0) return
    const { uid, gid } = await stat(this.root)
    if (uid !== 0) await chown(path, uid, gid)
  }
}

function ignoreNotEmptyOrMissing(error: unknown): void {
  if (!isMissing(error) && !hasCode(error, 'ENOTEMPTY')) throw error
}
