// The HLS folder as nginx and control share it: <HLS_DIR>/<stream id>/index.m3u8.
import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { chown, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode, isMissing, nullIfMissing } from '../common/file-errors.ts'
import { type ListedSegment, type Playlist, parsePlaylist } from './playlist.ts'

export const PLAYLIST = 'index.m3u8'
/** A file that keeps nginx's cache manager from removing a directory that is still empty. */
const MARKER = '.awaited'
/** Ends a playlist: players stop asking for more (RFC 8216 §4.3.3.4). nginx-rtmp never writes it. */
const ENDLIST = '#EXT-X-ENDLIST'

export class PlaylistFolder {
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

  /** Differs whenever the stream's playlist has been written anew; null: there is none. */
  async version(id: string): Promise<string | null> {
    const stats = await stat(join(this.directory(id), PLAYLIST)).catch(nullIfMissing)
    // Two within one tick of the kernel's clock look equally old, but are two files.
    return stats === null ? null : `${stats.ino} ${stats.mtimeMs} ${stats.size}`
  }

  /**
   * What the stream's playlist says; null: there is none. Every segment it lists is finished and
   * changes no more.
   * @param after only what follows this segment
   */
  async read(id: string, after: ListedSegment | null = null): Promise<Playlist | null> {
    const text = await readFile(join(this.directory(id), PLAYLIST), 'utf8').catch(nullIfMissing)
    return text === null ? null : parsePlaylist(text, after)
  }

  /**
   * Makes a stream's directory, so that it can be watched before nginx writes into it. Not through the
   * thread pool: a publisher waits for it, and the five ways there and back took longer than all else in
   * control (0.5 ms, 0.1 now; on a busy machine several).
   * @returns when the playlist that stands there was last written; null: there is none
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

  /** The playlist has come, or will not come: the directory needs no keeping any more. */
  async release(id: string): Promise<void> {
    await rm(join(this.directory(id), MARKER), { force: true })
  }

  /**
   * Ends a stream's playlist; a directory that never got one is removed. To be called when nginx
   * writes no more: it would write the playlist anew, without the end.
   */
  async close(id: string): Promise<void> {
    await this.release(id)
    const path = join(this.directory(id), PLAYLIST)
    const text = await readFile(path, 'utf8').catch(nullIfMissing)
    if (text === null) {
      await rmdir(this.directory(id)).catch(ignoreNotEmptyOrMissing)
      return
    }
    if (text.includes(ENDLIST)) return
    // Renamed into place as nginx does, so that no player reads half of it.
    const draft = `${path}.bak`
    await writeFile(draft, `${text.trimEnd()}\n${ENDLIST}\n`)
    await this.#giveToOwner(draft)
    await rename(draft, path)
  }

  /** As root, control hands what it makes to whom the folder belongs: nginx's worker. */
  async #giveToOwner(path: string): Promise<void> {
    if (process.getuid?.() !== 0) return
    const { uid, gid } = await stat(this.root)
    if (uid !== 0) await chown(path, uid, gid)
  }
}

function ignoreNotEmptyOrMissing(error: unknown): void {
  if (!isMissing(error) && !hasCode(error, 'ENOTEMPTY')) throw error
}
