// Where recordings are kept, whichever it is: a few kinds of files for each stream. Which segments
// are safe only the storage itself says, so that nothing else has to be believed after a crash.
import type { StorageKind } from '../domain/stream.ts'

export const VOD_PLAYLIST = 'index.m3u8'
export const MP4 = 'recording.mp4'
export const POSTER = 'poster.jpg'

export const CONTENT_TYPES: Readonly<Record<string, string>> = {
  m3u8: 'application/vnd.apple.mpegurl',
  ts: 'video/mp2t',
  mp4: 'video/mp4',
  jpg: 'image/jpeg',
}

export interface StoredFile {
  readonly name: string
  readonly sizeBytes: number
}

/** Every operation may be done twice, and fails with whatever the disk, the network or `signal` says. */
export interface Storage {
  readonly kind: StorageKind
  /** What is there of a stream, in no order; files that are only half there are not. */
  list(streamId: string, signal: AbortSignal): Promise<StoredFile[]>
  /** Keeps a file that does not change any more, whole or not at all. */
  keep(streamId: string, name: string, path: string, signal: AbortSignal): Promise<void>
  /** Keeps a small text. */
  write(streamId: string, name: string, text: string, signal: AbortSignal): Promise<void>
  /**
   * A file of the recording as a path that can be read.
   * @param folder where it may be put if it is elsewhere; whoever calls removes that
   */
  fetch(streamId: string, name: string, folder: string, signal: AbortSignal): Promise<string>
  /** Removes all of a stream. */
  remove(streamId: string, signal: AbortSignal): Promise<void>
}
