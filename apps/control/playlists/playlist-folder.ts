// The HLS folder as nginx and control share it: <HLS_DIR>/<stream id>/index.m3u8.
import { chown, mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import HLS from 'hls-parser'
import { hasCode, isMissing, nullIfMissing } from '../file-errors.ts'
import type { Segment } from '../recordings/segment.ts'

export const PLAYLIST = 'index.m3u8'
/** A file that keeps nginx's cache manager from removing a directory that is still empty. */
const MARKER = '.awaited'
/** Ends a playlist: players stop asking for more (RFC 8216 §4.3.3.4). nginx-rtmp never writes it. */
const ENDLIST = '#EXT-X-ENDLIST'

export interface ListedSegment extends Segment {
  readonly path: string
}

export interface Playlist {
  /** Whether it says that nothing will follow. */
  readonly closed: boolean
  /** The oldest first. */
  readonly segments: readonly ListedSegment[]
}

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
    try {
      return (await stat(join(this.directory(id), PLAYLIST))).mtime
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  /**
   * What the stream's playlist says; null: there is none. Every segment it lists is finished and
   * changes no more.
   */
  async read(id: string): Promise<Playlist | null> {
    const text = await readFile(join(this.directory(id), PLAYLIST), 'utf8').catch(nullIfMissing)
    if (text === null) return null
    const playlist = HLS.parse(text)
    if (playlist.isMasterPlaylist) throw new Error(`the playlist of stream ${id} lists no segments`)
    return {
      closed: playlist.endlist,
      segments: playlist.segments.map(({ uri, duration, discontinuity, mediaSequenceNumber }) => ({
        path: join(this.directory(id), uri),
        // hls_fragment_naming system: the time in ms when nginx began it.
        startedAtMs: Number.parseInt(uri, 10),
        sequence: mediaSequenceNumber,
        durationMs: Math.round(duration * 1000),
        discontinuity: discontinuity ?? false,
      })),
    }
  }

  /** Makes a stream's directory, so that it can be watched before nginx writes into it. */
  async prepare(id: string): Promise<void> {
    const directory = this.directory(id)
    await mkdir(directory, { recursive: true, mode: 0o755 })
    await this.#giveToOwner(directory)
    await writeFile(join(directory, MARKER), '')
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
